"""What the database holds although no door of the product would try it."""

from types import SimpleNamespace

import pytest
from django.db import Error, connection, transaction

from tests.conftest import NOW
from tests.workloads import stories
from workloads.models import StatusStep, Workload
from workloads.services.errors import OwnerHasSigned
from workloads.services.plan import edit_workload

pytestmark = pytest.mark.django_db


def execute(statement: str, *parameters: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM workloads_estimate_contributors",
        "UPDATE workloads_estimate_contributors SET user_id = %s",
    ],
)
def test_a_contributor_stays_one(cast: SimpleNamespace, statement: str) -> None:
    estimate = stories.submitted(stories.proposed(cast), cast.pia)
    parameters = [cast.nils.pk] if "%s" in statement else []

    with pytest.raises(Error, match="stays one"):
        execute(statement, *parameters)

    assert [one.username for one in estimate.contributors.all()] == ["pia"]


def test_another_workloads_signatures_do_not_count(cast: SimpleNamespace) -> None:
    signed = stories.signed(stories.proposed(cast), cast)
    bare = stories.proposed(cast, name="Never estimated")
    StatusStep.objects.create(
        workload=bare, sequence=1, source="candidate", target="planned", at=NOW
    )

    with pytest.raises(Error, match="three standing signatures"):
        execute(
            "UPDATE workloads_workload SET status = 'planned', status_steps = 1, "
            "submitted_estimate_id = %s WHERE id = %s",
            signed.pk,
            bare.pk,
        )

    assert Workload.objects.get(pk=bare.pk).status == "candidate"


def test_who_signed_the_version_in_force_is_not_made_owner(
    cast: SimpleNamespace,
) -> None:
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, users=9)

    with pytest.raises(OwnerHasSigned, match="engineering signature on v1"):
        edit_workload(
            number=workload.number,
            actor=cast.pia,
            changes={"owner": cast.ines},
            now=NOW,
        )
