"""The road of a workload through its statuses, and who and what may stop it."""

from types import SimpleNamespace

import pytest
from django.db import Error, connection, transaction

from portal.kernel.errors import NotAllowed, Problem, Stale
from portal.kernel.models import AuditEntry
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import SignRole, Status, Verdict
from workloads.models import StatusStep, Workload
from workloads.services.errors import IllegalTransition, RequirementsNotMet
from workloads.services.lifecycle import advance

pytestmark = pytest.mark.django_db


def unmet(refused: RequirementsNotMet) -> list[str]:
    return [item.code for item in refused.requirements if not item.met]


def test_a_workload_walks_the_whole_road(cast: SimpleNamespace) -> None:
    workload = stories.live(cast)
    retired = stories.moved(workload, Status.RETIRED, cast.sarah, reason="Replaced.")

    assert retired.status == Status.RETIRED
    assert list(
        StatusStep.objects.order_by("sequence").values_list(
            "sequence", "source", "target"
        )
    ) == [
        (1, "candidate", "planned"),
        (2, "planned", "committed"),
        (3, "committed", "live"),
        (4, "live", "retired"),
    ]
    assert AuditEntry.objects.filter(action="workload.transitioned").count() == 4


def test_a_candidate_without_an_estimate_misses_four_things(
    cast: SimpleNamespace,
) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.PLANNED, cast.sarah)

    assert unmet(refused.value) == [
        "estimate_complete",
        "signoff_engineering",
        "signoff_finance",
        "signoff_ops",
    ]
    assert Workload.objects.get().status == Status.CANDIDATE
    assert not StatusStep.objects.exists()


@pytest.mark.parametrize("left_out", list(SignRole))
def test_planned_is_refused_without_each_signature(
    cast: SimpleNamespace, left_out: SignRole
) -> None:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    for role, name in stories.SIGNERS.items():
        if role != left_out:
            stories.press(estimate, getattr(cast, name), role)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.PLANNED, cast.sarah)

    assert unmet(refused.value) == [f"signoff_{left_out}"]
    assert refused.value.status == 409


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"ship_quarter": ""}, ["ship_quarter_set", "ops_headroom"]),
        ({"owner": None, "owner_text": "Tom"}, ["owner_named"]),
    ],
)
def test_committed_is_refused_without_owner_or_quarter(
    cast: SimpleNamespace, values: dict, missing: list[str]
) -> None:
    workload = stories.proposed(cast, **values)
    estimate = stories.submitted(workload, cast.pia)
    for role, name in stories.SIGNERS.items():
        stories.press(estimate, getattr(cast, name), role)
    stories.moved(workload, Status.PLANNED, cast.pia)
    stories.with_criterion(workload, cast.pia)
    stories.staffed(cast, "2026Q2")
    stories.gated(workload, cast)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.COMMITTED, cast.pia)

    assert unmet(refused.value) == missing


def test_committed_is_refused_without_success_criteria(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)
    stories.staffed(cast, "2026Q2")
    stories.gated(workload, cast)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.COMMITTED, cast.sarah)

    assert unmet(refused.value) == ["success_criteria"]


def test_live_is_refused_without_production_readiness(cast: SimpleNamespace) -> None:
    workload = stories.committed(cast)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.LIVE, cast.sarah)

    assert unmet(refused.value) == ["production_ready"]


def test_live_is_refused_while_a_newer_estimate_is_unsigned(
    cast: SimpleNamespace,
) -> None:
    workload = stories.committed(cast)
    stories.ready(workload, cast.sarah)
    stories.submitted(workload, cast.sarah, users=5000)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, Status.LIVE, cast.sarah)

    assert unmet(refused.value) == ["signoff_fresh"]
    assert Workload.objects.get().status == Status.COMMITTED


WHO_MOVES = [
    # from, to, who may
    ("candidate", "planned", {"sarah", "pia"}),
    ("planned", "committed", {"sarah", "pia"}),
    ("committed", "live", {"sarah"}),
    ("committed", "planned", {"sarah", "clara"}),
    ("planned", "candidate", {"sarah", "pia"}),
    ("candidate", "retired", {"sarah", "clara"}),
    ("planned", "retired", {"sarah", "clara"}),
    ("committed", "retired", {"sarah", "clara"}),
    ("live", "retired", {"sarah", "clara"}),
]
EVERYONE = [
    "sarah",
    "marcus",
    "pia",
    "ines",
    "felix",
    "noor",
    "clara",
    "dana",
    "adele",
    "ada",
    "gateway",
    "nils",
    "root",
]


@pytest.mark.parametrize("person", EVERYONE)
@pytest.mark.parametrize(("source", "target", "allowed"), WHO_MOVES)
def test_who_may_take_each_step(
    cast: SimpleNamespace, source: str, target: str, allowed: set[str], person: str
) -> None:
    cast.root = type(cast.nils).objects.create(
        username="root", is_superuser=True, created_at=NOW
    )
    story = {
        "candidate": lambda: _signed_candidate(cast),
        "planned": lambda: stories.committable(cast),
        "committed": lambda: _committed_and_ready(cast),
        "live": lambda: stories.live(cast),
    }
    workload = story[source]()
    actor = getattr(cast, person)

    def step() -> Workload:
        return stories.moved(workload, Status(target), actor, reason="Because.")

    if person in allowed:
        assert step().status == target
    else:
        with pytest.raises(NotAllowed):
            step()
        assert Workload.objects.get().status == source


def _signed_candidate(cast: SimpleNamespace) -> Workload:
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    return workload


def _committed_and_ready(cast: SimpleNamespace) -> Workload:
    workload = stories.committed(cast)
    stories.ready(workload, cast.sarah)
    return workload


@pytest.mark.parametrize(
    ("story", "to"),
    [
        ("proposed", Status.COMMITTED),
        ("proposed", Status.LIVE),
        ("proposed", Status.CANDIDATE),
        ("planned", Status.LIVE),
        ("planned", Status.PLANNED),
        ("committed", Status.CANDIDATE),
        ("live", Status.COMMITTED),
        ("live", Status.CANDIDATE),
    ],
)
def test_a_step_that_does_not_exist_is_refused(
    cast: SimpleNamespace, story: str, to: Status
) -> None:
    workload = getattr(stories, story)(cast)
    before = workload.status

    with pytest.raises(IllegalTransition):
        stories.moved(workload, to, cast.sarah, reason="Because.")

    assert Workload.objects.get().status == before


@pytest.mark.parametrize(
    ("story", "to"),
    [
        ("proposed", Status.RETIRED),
        ("planned", Status.CANDIDATE),
        ("planned", Status.RETIRED),
        ("committed", Status.PLANNED),
        ("live", Status.RETIRED),
    ],
)
@pytest.mark.parametrize("reason", ["", "   "])
def test_a_step_back_needs_a_reason(
    cast: SimpleNamespace, story: str, to: Status, reason: str
) -> None:
    workload = getattr(stories, story)(cast)

    with pytest.raises(RequirementsNotMet) as refused:
        stories.moved(workload, to, cast.sarah, reason=reason)

    assert unmet(refused.value) == ["reason_given"]


def test_de_committing_with_an_unsigned_re_estimate_goes_on_to_candidate(
    cast: SimpleNamespace,
) -> None:
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, users=5000)

    stories.moved(workload, Status.PLANNED, cast.sarah, reason="Slipped.")

    assert Workload.objects.get().status == Status.CANDIDATE
    entries = AuditEntry.objects.filter(action="workload.transitioned").order_by("-id")
    assert [(entry.after["status"], entry.actor_username) for entry in entries[:2]] == [
        ("candidate", ""),
        ("planned", "sarah"),
    ]


def test_de_committing_a_signed_workload_stays_planned(cast: SimpleNamespace) -> None:
    workload = stories.committed(cast)

    stories.moved(workload, Status.PLANNED, cast.clara, reason="Not this quarter.")

    assert Workload.objects.get().status == Status.PLANNED


def test_submitting_a_new_version_takes_a_planned_workload_back(
    cast: SimpleNamespace,
) -> None:
    workload = stories.planned(cast)

    stories.submitted(workload, cast.sarah, users=5000)

    fresh = Workload.objects.get()
    assert fresh.status == Status.CANDIDATE
    assert fresh.submitted_estimate.version == 2
    assert fresh.shown_estimate.version == 1
    assert list(
        fresh.estimates.order_by("version").values_list("version", "state")
    ) == [(1, "superseded"), (2, "submitted")]


def test_a_draft_changes_nothing(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)

    stories.drafted(workload, cast.sarah, users=5000)

    fresh = Workload.objects.get()
    assert fresh.status == Status.PLANNED
    assert fresh.submitted_estimate.version == 1
    assert fresh.submitted_estimate.state == "submitted"


def test_a_stale_page_moves_nothing(cast: SimpleNamespace) -> None:
    workload = stories.planned(cast)

    with pytest.raises(Stale):
        advance(
            number=workload.number,
            to=Status.CANDIDATE,
            actor=cast.sarah,
            reason="Because.",
            now=NOW,
            if_version=workload.version - 1,
        )

    assert Workload.objects.get().status == Status.PLANNED


def test_a_refusal_closes_the_version_and_opens_the_next(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    estimate = stories.submitted(workload, cast.sarah)
    stories.press(estimate, cast.ines, SignRole.ENGINEERING)

    stories.press(
        estimate, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "Sessions look low."
    )

    fresh = Workload.objects.get()
    assert [(e.version, e.state) for e in fresh.estimates.order_by("version")] == [
        (1, "refused"),
        (2, "draft"),
    ]
    draft = fresh.draft_estimate
    assert draft.users == 4200
    assert [user.username for user in draft.contributors.all()] == ["sarah"]


DOORS = {
    "update": lambda w: Workload.objects.filter(pk=w.pk).update(status="live"),
    "bulk_update": lambda w: _bulk(w),  # noqa: PLW0108 - defined below
    "raw SQL": lambda w: _sql(
        "UPDATE workloads_workload SET status = 'live' WHERE id = %s", w.pk
    ),
    "raw SQL of a legal pair": lambda w: _sql(
        "UPDATE workloads_workload SET status = 'planned' WHERE id = %s", w.pk
    ),
    "raw SQL with the counter": lambda w: _sql(
        "UPDATE workloads_workload SET status = 'planned', status_steps = 1 "
        "WHERE id = %s",
        w.pk,
    ),
    "raw SQL with a record, unsigned": lambda w: _forged(w),  # noqa: PLW0108 - below
    "the counter alone": lambda w: _sql(
        "UPDATE workloads_workload SET status_steps = 5 WHERE id = %s", w.pk
    ),
    "delete": lambda w: _sql("DELETE FROM workloads_workload WHERE id = %s", w.pk),
}


def _bulk(workload: Workload) -> None:
    workload.to_planned()
    Workload.objects.bulk_update([workload], ["status"])


def _sql(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _forged(workload: Workload) -> None:
    StatusStep.objects.create(
        workload=workload, sequence=1, source="candidate", target="planned", at=NOW
    )
    _sql(
        "UPDATE workloads_workload SET status = 'planned', status_steps = 1 "
        "WHERE id = %s",
        workload.pk,
    )


@pytest.mark.parametrize("door", DOORS)
def test_the_database_refuses_a_status_that_skips_the_use_case(
    cast: SimpleNamespace, door: str
) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(Error), transaction.atomic():
        DOORS[door](workload)

    assert Workload.objects.get().status == Status.CANDIDATE


def test_the_status_cannot_be_assigned(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(AttributeError):
        workload.status = Status.LIVE


def test_a_new_row_is_a_candidate(cast: SimpleNamespace) -> None:
    with pytest.raises(Error), transaction.atomic():
        Workload.objects.create(
            number=7,
            name="Sneaked in",
            status="live",
            proposed_by=cast.pia,
            proposed_at=NOW,
            status_since=NOW,
        )

    assert not Workload.objects.exists()


def test_every_refusal_says_where_to_mend_it(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)

    with pytest.raises(Problem) as refused:
        stories.moved(workload, Status.PLANNED, cast.sarah)

    links = {item["code"]: item["link"] for item in refused.value.extra["requirements"]}
    assert links == {
        "estimate_complete": "/workloads/W-01/estimates/new/",
        "signoff_engineering": "/workloads/W-01/estimates/new/",
        "signoff_finance": "/workloads/W-01/estimates/new/",
        "signoff_ops": "/workloads/W-01/estimates/new/",
    }
