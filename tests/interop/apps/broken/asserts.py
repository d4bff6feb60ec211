import os

assert os.environ.get("BAKERY_IS_OURS"), "the environment is not ours"


def function():
    return "never"
