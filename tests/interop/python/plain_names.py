"""Classes of modules that only a worker can import, by name: what a pickle has of them."""

import sys
import types


def name_of(module, name, monkeypatch):
    """A stand-in for the class, with its name and the methods that the tests call; gone with the test."""
    made = types.ModuleType(module)

    class Stand:
        def __init__(self, name):
            self.name = name

        def __eq__(self, other):
            return vars(self) == vars(other)

        def say(self):
            raise AssertionError("it runs in the worker")

    Stand.__module__, Stand.__qualname__, Stand.__name__ = module, name, name
    setattr(made, name, Stand)
    monkeypatch.setitem(sys.modules, module, made)
    return Stand
