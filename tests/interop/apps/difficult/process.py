"""In which process was this imported?"""

import os
import random

imported_in = os.getpid()
count = 0


def where():
    """Of the process itself, or of its parent, the stable."""
    return "here" if imported_in == os.getpid() else "parent" if imported_in == os.getppid() else "elsewhere"


def bump():
    global count
    count += 1
    return count


def numbers():
    """Horses that were forked from one process must not draw the same ones."""
    return [random.getrandbits(64), os.urandom(8)]
