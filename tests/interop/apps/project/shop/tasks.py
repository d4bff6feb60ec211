import project.setup  # noqa: F401
from project.registry import models


def count_models():
    return len(models)
