"""Modules that cannot be imported, each for a reason of its own."""
