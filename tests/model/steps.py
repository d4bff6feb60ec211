"""A step acts on Redis and on the model. What it draws it draws from a generator of its own, so that it means
the same (as far as it can) when the steps before it are left out."""

STEPS = {}  # name: (weight, function)
INTERVALS = ([0], [35], [0, 1005], [1005, 35, 0])  # never a multiple of ten, see World.take


def step(weight):
    def add(function):
        STEPS[function.__name__] = (weight, function)
        return function

    return add


def tell(world, text):
    world.said.append(text)


def as_json(numbers):
    return "[" + ",".join(map(str, numbers)) + "]" if numbers else None


def some_job(world, chance, *statuses):
    jobs = world.state.choose(*statuses)
    return chance.choice(jobs) if jobs else None
