from bakery.tasks import no_such_name


def function():
    return no_such_name
