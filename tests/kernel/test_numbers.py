"""The numbers of the model: versions, never edits."""

import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from portal.kernel.errors import Invalid, NotAllowed, Stale
from portal.kernel.models import AuditEntry, ModelNumbers, User
from portal.kernel.selectors import numbers
from portal.kernel.services.numbers import NUMBERS, change_numbers
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def change(
    cast: SimpleNamespace, changes: dict[str, Any], **parts: Any
) -> ModelNumbers:
    return change_numbers(
        **{
            "actor": cast.clara,
            "changes": changes,
            "reason": "Decided on 12 May.",
            "if_version": 1,
            "now": NOW,
            **parts,
        }
    )


def test_defaults_are_version_one() -> None:
    present = numbers.current()

    assert present.version == 1
    assert {name: getattr(present, name) for name in NUMBERS} == {
        "currency": "USD",
        "fiscal_year_starts": 1,
        "default_session_minutes": Decimal(10),
        "default_profile": "business_hours",
        "declared_input_share": Decimal("0.75"),
        "first_quarter_uplift_hours_week": Decimal(12),
        "platform_hours_week": Decimal(4),
        "hours_per_full_time_equivalent": Decimal(40),
        "adoption_ramp": [Decimal("0.4"), Decimal("0.7"), Decimal(1)],
        "signature_validity_quarters": 2,
        "signature_reminder_days": 14,
        "signer_reminder_working_days": 5,
        "deputy_reminder_working_days": 10,
        "load_test_peak_factor": Decimal(2),
        "compute_headroom": Decimal("0.35"),
        "reserve_ratio": Decimal("0.175"),
        "ops_hour_price": Decimal(80),
        "recalibration_threshold": Decimal("0.2"),
        "quarter_closes_after_days": 30,
        "loop_tool_calls": 50,
        "gate_allowance": Decimal("1.5"),
        "gate_floor": Decimal("0.5"),
        "gate_notice_at": Decimal("0.7"),
        "gate_banner_at": Decimal("0.9"),
    }


def test_change_writes_the_next_version_and_keeps_the_rest(
    cast: SimpleNamespace,
) -> None:
    change(cast, {"first_quarter_uplift_hours_week": Decimal(14)})

    present = numbers.current()

    assert (present.version, present.changed_by, present.changed_at) == (
        2,
        cast.clara,
        NOW,
    )
    assert present.first_quarter_uplift_hours_week == 14
    assert present.platform_hours_week == 4
    assert numbers.versions().count() == 2


def test_change_is_audited_with_before_after_and_reason(cast: SimpleNamespace) -> None:
    change(cast, {"platform_hours_week": "6", "signature_validity_quarters": 3})

    entry = AuditEntry.objects.get()

    assert (entry.action, entry.object, entry.reason) == (
        "setting.changed",
        "setting/numbers",
        "Decided on 12 May.",
    )
    assert (entry.before, entry.after) == (
        {"platform_hours_week": "4.00", "signature_validity_quarters": 2},
        {"platform_hours_week": "6.00", "signature_validity_quarters": 3},
    )


def test_same_values_make_no_version(cast: SimpleNamespace) -> None:
    assert change(cast, {"platform_hours_week": Decimal("4.0")}).version == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            {"load_test_peak_factor": Decimal("3.01")},
            "load_test_peak_factor",
            "max_value",
        ),
        (
            {"load_test_peak_factor": Decimal("1.99")},
            "load_test_peak_factor",
            "min_value",
        ),
        (
            {"first_quarter_uplift_hours_week": 17},
            "first_quarter_uplift_hours_week",
            "max_value",
        ),
        ({"fiscal_year_starts": 13}, "fiscal_year_starts", "max_value"),
        ({"fiscal_year_starts": "May"}, "fiscal_year_starts", "invalid"),
        ({"currency": "usd"}, "currency", "invalid"),
        ({"default_profile": "nights"}, "default_profile", "invalid_choice"),
        ({"adoption_ramp": [Decimal("1.2")]}, "adoption_ramp", "item_invalid"),
        ({"declared_input_share": None}, "declared_input_share", "null"),
        ({"version": 9}, "version", "read_only"),
        ({"changed_by": None}, "changed_by", "read_only"),
        ({"ratio": 1}, "ratio", "unknown_field"),
    ],
)
def test_change_is_refused(
    cast: SimpleNamespace, changes: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        change(cast, changes)

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        (f"/{pointer}", code)
    ]
    assert numbers.current().version == 1


def test_signer_is_reminded_before_the_deputy(cast: SimpleNamespace) -> None:
    with pytest.raises(Invalid) as refusal:
        change(cast, {"signer_reminder_working_days": 11})

    assert [error.code for error in refusal.value.errors] == [
        "signer_is_reminded_first"
    ]


def test_change_needs_a_reason(cast: SimpleNamespace) -> None:
    with pytest.raises(Invalid) as refusal:
        change(cast, {"platform_hours_week": 6}, reason="  ")

    assert refusal.value.errors[0].pointer == "/reason"


def test_change_of_an_older_version_is_stale(cast: SimpleNamespace) -> None:
    change(cast, {"platform_hours_week": 6})

    with pytest.raises(Stale) as refusal:
        change(cast, {"platform_hours_week": 8}, if_version=1)

    assert refusal.value.detail == (
        "The numbers are at version 2. You saw version 1; nothing was saved."
    )


@pytest.mark.parametrize(
    "username", ["sarah", "pia", "ines", "felix", "noor", "adele", "ada", "gateway"]
)
def test_numbers_are_the_committees(cast: SimpleNamespace, username: str) -> None:
    with pytest.raises(NotAllowed):
        change(cast, {"platform_hours_week": 6}, actor=getattr(cast, username))


@pytest.mark.parametrize(
    "values",
    [
        {"load_test_peak_factor": 4},
        {"fiscal_year_starts": 0},
        {"adoption_ramp": [Decimal("1.5")]},
        {"adoption_ramp": []},
        {"currency": "usd"},
        {"version": 1},
    ],
)
def test_database_itself_refuses(values: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ModelNumbers.objects.create(**{"version": 2, "changed_at": NOW, **values})


def test_version_is_never_edited_nor_deleted() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ModelNumbers.objects.update(platform_hours_week=9)
    with pytest.raises(DatabaseError), transaction.atomic():
        ModelNumbers.objects.all().delete()


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_says_what_it_is_for(name: str) -> None:
    assert ModelNumbers._meta.get_field(name).help_text.endswith(".")


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_is_stale(cast: SimpleNamespace) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def press(hours: int) -> None:
        try:
            clara = User.objects.get(username="clara")
            barrier.wait(timeout=30)
            change(cast, {"platform_hours_week": hours}, actor=clara)
            outcomes.append("changed")
        except Stale:
            outcomes.append("stale")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[hours]) for hours in (6, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["changed", "stale"]
    assert numbers.current().version == 2
