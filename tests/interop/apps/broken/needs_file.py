"""Can be imported as soon as a file is there, in the folder that the worker runs in."""

with open("needed") as file:
    file.read()


def function():
    return "mended"
