"""Call functions right after certain modules (logging, rq) are imported, by any code and at any time.

A finder that is first on sys.meta_path. It finds nothing itself, but lets the others find the module. When
the module's code has run it calls a function with it, before other code can have taken names from it.
"""

import sys

_after = {}  # module name -> function to call with the module


def after_import(name: str, function) -> None:
    """Call function(module) when `name` has been imported; at once when it is imported already."""
    module = sys.modules.get(name)
    if module is not None:
        function(module)
        return
    _after[name] = function
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        function = _after.get(name)
        if function is None:
            return None
        for finder in sys.meta_path:
            if finder is not cls and hasattr(finder, 'find_spec'):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if hasattr(spec.loader, 'exec_module'):
                        spec.loader = _Loader(spec.loader, function)
                    return spec
        return None


class _Loader:
    """The loader that was found, until the module's code has run."""

    def __init__(self, loader, function):
        self._loader = loader
        self._function = function

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._function(module)
