"""An application that imports a heavy package."""

import pandas  # noqa: F401

from bench import hold, nap, noop  # noqa: F401
