"""Tasks of the application; importing them sets it up, as `django.setup()` at the top of a tasks module
does."""

import project.setup  # noqa: F401
from project import registry
from project.shop.models import Order


def send(who):
    return f"mail to {Order(who).who} from {registry.settings.NAME}"


def setting(name):
    return getattr(registry.settings, name)


def sent(job, connection, result, *args, **kwargs):
    connection.set("sent", result)
