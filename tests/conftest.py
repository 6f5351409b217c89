"""What all tests share: one moment, one cast of people, and a flush that works."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pgtrigger
import pytest
from django.test import TransactionTestCase

from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.models import ModelNumbers, User

NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)

# Who is who: username, display name, roles.
CAST: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("sarah", "Sarah Lind", (Role.OWNER,)),
    ("marcus", "Marcus Webb", (Role.OWNER,)),
    ("pia", "Pia Novak", (Role.PLANNER,)),
    ("ines", "Ines Duarte", (Role.ENGINEERING,)),
    ("felix", "Felix Arndt", (Role.FINANCE,)),
    ("noor", "Noor Haddad", (Role.OPS,)),
    ("clara", "Clara Boyd", (Role.COMMITTEE,)),
    ("dana", "Dana Okafor", (Role.DEPARTMENT_HEAD,)),
    ("adele", "Adele Kim", (Role.AUDITOR,)),
    ("ada", "Ada Ruiz", (Role.ADMIN,)),
    ("gateway", "", (Role.RUNTIME,)),
    ("nils", "Nils Berg", ()),
)


# --- The long versions, only when asked for ------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("WEIGHBRIDGE_SOAK"):
        return
    skipped = pytest.mark.skip(reason="a long version: make soak")
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(skipped)


# --- Flushing: tables of facts refuse TRUNCATE, and a flush loses version 1 ----------


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_guards() -> Iterator[None]:
    """Let the end of a TransactionTestCase (and a live server's) empty the tables."""
    patch = pytest.MonkeyPatch()
    teardown = TransactionTestCase._fixture_teardown

    def teardown_past_the_guards(case: TransactionTestCase) -> None:
        with pgtrigger.ignore():
            teardown(case)
        # As the migration wrote it; every later test counts with it.
        ModelNumbers.objects.get_or_create(version=1, defaults={"changed_at": NOW})

    patch.setattr(TransactionTestCase, "_fixture_teardown", teardown_past_the_guards)
    yield
    patch.undo()


# --- People --------------------------------------------------------------------------


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def cast(db: None) -> SimpleNamespace:
    """One person for each role, and nils, who has none."""
    people = [
        User(
            username=username,
            name=name,
            email=f"{username}@example.com",
            roles=[str(role) for role in roles],
            committee_function=(
                str(CommitteeFunction.CHAIR) if Role.COMMITTEE in roles else ""
            ),
            is_staff=bool({Role.COMMITTEE, Role.ADMIN, Role.AUDITOR} & set(roles)),
            created_at=NOW,
        )
        for username, name, roles in CAST
    ]
    for person in people:
        person.set_unusable_password()
    User.objects.bulk_create(people)
    return SimpleNamespace(**{person.username: person for person in people})
