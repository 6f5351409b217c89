"""What all tests share: one moment, one cast of people, and a flush that works."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pgtrigger
import pytest
from django.test import TransactionTestCase

from capacity.enums import ModelClass
from capacity.models import ModelPrice
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

# What the models cost a million tokens: input, cached input, output.
PRICES: tuple[tuple[str, ModelClass, str, str, str], ...] = (
    ("Opus", ModelClass.PREMIUM, "15.00", "1.50", "75.00"),
    ("Sonnet", ModelClass.STANDARD, "3.00", "0.30", "15.00"),
    ("Haiku", ModelClass.BUDGET, "0.80", "0.08", "4.00"),
)
PRICED_FROM = date(2025, 1, 1)


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


# --- Prices --------------------------------------------------------------------------


def enter_prices() -> None:
    """The models' prices, once; a test that entered its own keeps those alone."""
    if ModelPrice.objects.exists():
        return
    ModelPrice.objects.bulk_create(
        ModelPrice(
            model=model,
            model_class=model_class,
            valid_from=PRICED_FROM,
            input_per_million=Decimal(input_price),
            cached_input_per_million=Decimal(cached_price),
            output_per_million=Decimal(output_price),
            currency="USD",
            entered_at=NOW,
        )
        for model, model_class, input_price, cached_price, output_price in PRICES
    )


@pytest.fixture
def rate_card(db: None) -> None:
    """Three models with a price each."""
    enter_prices()
