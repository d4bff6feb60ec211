from broken.imports_itself import function as other


def function():
    return other
