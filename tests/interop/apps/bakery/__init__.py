"""An application as RQ's documentation describes them: plain functions and classes that jobs call, callbacks,
handlers."""

from bakery.tasks import add as sum_of  # noqa: F401 # a function that is known under a second, shorter name
