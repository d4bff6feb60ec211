"""Modules that can be imported, and do at import what a process that forks others has to beware of."""
