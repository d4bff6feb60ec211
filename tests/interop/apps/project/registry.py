"""What was set up: settings and models, once per process."""

import importlib
import os
import threading

_lock = threading.RLock()
settings = None
models = {}


def setup():
    """Load the settings that the environment names, then all models. Calling it again does nothing."""
    global settings
    with _lock:
        if settings is not None:
            return
        name = os.environ.get("PROJECT_SETTINGS")
        if not name:
            raise RuntimeError("PROJECT_SETTINGS is not set")
        settings = importlib.import_module(name)
        for app in settings.APPS:
            importlib.import_module(f"{app}.models")


def model(cls):
    """Each model is registered once, or something imported it twice."""
    if cls.__name__ in models:
        raise RuntimeError(f"{cls.__name__} is registered already")
    models[cls.__name__] = cls
    return cls
