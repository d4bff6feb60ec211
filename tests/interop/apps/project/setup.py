"""To be preloaded: sets the application up."""

from project.registry import setup

setup()
