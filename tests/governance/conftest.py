"""The demo company, made once for all tests of a module and undone after them."""

import io
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import transaction


@pytest.fixture(scope="module")
def said(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """What `manage.py demo` printed; its company is in the database."""
    out = io.StringIO()
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("demo", stdout=out)
        yield out.getvalue()
        transaction.set_rollback(True)
