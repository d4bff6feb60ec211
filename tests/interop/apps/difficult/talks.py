"""Prints at import, and changes the environment."""

import os
import sys

print("talking at import")
print("complaining at import", file=sys.stderr)
os.environ["BAKERY_TALKED"] = "yes"


def talked():
    return os.environ.get("BAKERY_TALKED")
