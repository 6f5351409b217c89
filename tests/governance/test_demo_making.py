"""Making the demo company: on any day, once, and again after a reset."""

import io
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max

from capacity.models import Alert, GateTier, SpendLimit, UsageEvent, UserCounter
from capacity.selectors.spend_limits import spent_against
from governance.services.demo.company import NotEmpty, make_company
from governance.services.demo.heavy_users import METERED, NEAR, OVER
from governance.services.demo.people import PASSWORD, password_for_this_home
from governance.services.demo.reset import NotInProduction, empty_everything
from portal.kernel import clock
from portal.kernel.models import AuditEntry, User
from portal.kernel.selectors.audit import verify
from tests.governance.demo_company import STATUSES, role_lines, statuses
from workloads.models import Workload


def demo(*options: str) -> str:
    """What the command printed."""
    said = io.StringIO()
    call_command("demo", *options, stdout=said)
    # The tables are emptied in the test's own transaction, where checks still wait.
    connection.check_constraints()
    return said.getvalue()


MOMENTS = {
    "the first minute of a year": datetime(2027, 1, 1, 0, 5, tzinfo=UTC),
    "the last evening of a quarter": datetime(2026, 6, 30, 23, 50, tzinfo=UTC),
    "a Sunday": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    "the day of the mock": datetime(2026, 4, 9, 9, 40, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 29, 8, 0, tzinfo=UTC),
}


@pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS.keys())
@pytest.mark.django_db
def test_it_is_the_same_company_on_whatever_day_it_is_made(now: datetime) -> None:
    make_company(password=PASSWORD, now=now)

    assert statuses() == STATUSES
    assert AuditEntry.objects.order_by("-id").values_list("at", flat=True)[0] < now
    assert_gates_have_something_to_say(now)


def assert_gates_have_something_to_say(now: datetime) -> None:
    month = clock.today(now).replace(day=1)
    over = Alert.objects.filter(level=100, month=month)
    near = GateTier.objects.get(policy__workload__number=NEAR).ceiling_tokens
    counters = UserCounter.objects.filter(workload__number=NEAR, month=month)
    [spent] = spent_against(list(SpendLimit.objects.all()), now)

    assert sorted(over.values_list("workload__number", flat=True)) == [OVER, METERED]
    assert counters.aggregate(most=Max("settled"))["most"] == round(near * 92 / 100)
    assert UsageEvent.objects.filter(billable_tokens__gt=0).count() == 1
    assert not UsageEvent.objects.filter(at__gt=now).exists()
    assert spent.is_alerted
    assert not spent.is_reached


@pytest.mark.parametrize(
    ("host", "production", "known"),
    [
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("localhost", False, True),
        ("0.0.0.0", False, False),
        ("weighbridge.example", False, False),
        ("127.0.0.1", True, False),
    ],
)
def test_the_password_is_known_only_where_nobody_else_gets_in(
    settings, host, production, known
) -> None:
    settings.HOST, settings.PRODUCTION = host, production

    assert (password_for_this_home() == PASSWORD) is known


@pytest.mark.django_db
def test_a_second_one_is_refused_and_a_reset_makes_the_same_again() -> None:
    said = demo()
    entries = AuditEntry.objects.count()

    with pytest.raises(CommandError, match="no demo company is made"):
        demo()
    again = demo("--reset")

    assert again == said
    assert len(role_lines(said)) == 10
    assert statuses() == STATUSES
    assert AuditEntry.objects.count() == entries
    assert verify().broken is None


def test_a_reset_leaves_no_account_of_before(cast, db: None) -> None:
    connection.check_constraints()
    demo("--reset")

    assert not User.objects.filter(username="pia").exists()


def test_nothing_is_made_beside_accounts_that_are_there(cast, now: datetime) -> None:
    with pytest.raises(NotEmpty):
        make_company(password=PASSWORD, now=now)

    assert Workload.objects.count() == 0


def test_a_production_is_never_emptied(settings, cast, now: datetime) -> None:
    settings.PRODUCTION = True

    with pytest.raises(NotInProduction):
        empty_everything(now=now)
    with pytest.raises(CommandError, match="nothing is emptied here"):
        demo("--reset")

    assert User.objects.filter(username="pia").exists()
