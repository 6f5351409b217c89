"""Two administrators press at the same moment, on a real PostgreSQL."""

from functools import partial
from types import SimpleNamespace

import pytest

from portal.kernel.models import User
from portal.kernel.services.accounts import create_user, deactivate_user
from tests.conftest import NOW
from tests.faults.races import at_once, codes

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_administrators_who_close_each_other_leave_one(
    cast: SimpleNamespace,
) -> None:
    other = create_user(actor=cast.ada, username="abel", roles=["admin"], now=NOW)

    outcomes = at_once(
        [
            partial(deactivate_user, actor=cast.ada, user_id=other.pk, now=NOW),
            partial(deactivate_user, actor=other, user_id=cast.ada.pk, now=NOW),
        ]
    )

    assert codes(outcomes) == ["last_administrator", "ok"]
    assert User.objects.filter(roles__contains=["admin"], is_active=True).count() == 1
