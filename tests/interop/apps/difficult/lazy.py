"""Imports in its function, as applications do to start quickly."""


def function():
    from difficult import process

    return process.where()
