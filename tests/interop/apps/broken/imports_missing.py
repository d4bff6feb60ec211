import no_such_module_at_all


def function():
    return no_such_module_at_all
