"""What all tests of the admin do."""

from django.test import Client

from portal.kernel.models import User


def client_of(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
