"""An application that imports rq, as one does that enqueues jobs of its own or asks for get_current_job()."""

from rq import Queue, get_current_job  # noqa: F401

from bench import hold, nap, noop  # noqa: F401
