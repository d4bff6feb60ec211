"""Classes whose instances travel as jobs, arguments and results."""

import enum
from collections import namedtuple
from dataclasses import dataclass, field
from decimal import Decimal


class Oven:
    """Methods of every kind are jobs."""

    made = 0

    def __init__(self, degrees):
        self.degrees = degrees

    def bake(self, what, minutes=20):
        return f"{what}, {minutes} min at {self.degrees}"

    async def bake_slowly(self, what):
        return f"slowly: {what} at {self.degrees}"

    @classmethod
    def standard(cls, count=1):
        return [cls.__name__, count]

    @staticmethod
    def fahrenheit(celsius):
        return celsius * 9 // 5 + 32

    def __call__(self, what):
        return f"called with {what} at {self.degrees}"

    class Tray:
        def __init__(self, size):
            self.size = size

        def fill(self, what):
            return [what] * self.size


class GasOven(Oven):
    def bake(self, what, minutes=20):
        return "gas: " + super().bake(what, minutes)


Crumb = namedtuple("Crumb", "x y")


class Grain(enum.Enum):
    RYE = "rye"
    WHEAT = "wheat"


class Flags(enum.IntFlag):
    SWEET = 1
    SALTY = 2


@dataclass
class Loaf:
    name: str
    price: Decimal
    grains: list = field(default_factory=list)


@dataclass(frozen=True)
class Slice:
    number: int


class Sealed:
    """State that is written and read by methods of its own."""

    __slots__ = ("secret", "opened")

    def __init__(self, secret):
        self.secret = secret
        self.opened = 0

    def __getstate__(self):
        return {"secret": self.secret[::-1]}

    def __setstate__(self, state):
        self.secret = state["secret"][::-1]
        self.opened = 1

    def __eq__(self, other):
        return isinstance(other, Sealed) and self.secret == other.secret


class Mouldy:
    """Can be pickled and not be unpickled."""

    def __setstate__(self, state):
        raise RuntimeError("it is mouldy")

    def __getstate__(self):
        return {"since": "Monday"}


class Sticky:
    """Cannot be pickled, and says why."""

    def __reduce__(self):
        raise RuntimeError("it sticks to the tray")


class Empty:
    """False in itself."""

    def __len__(self):
        return 0


def sticky():
    return Sticky()


def price(loaf):
    return loaf.price * len(loaf.grains)


def kind(value):
    return type(value).__name__
