"""The five rows of plan.csv, from the import to where the demo leaves each of them."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from governance.services.demo.acts import Acts
from governance.services.demo.days import Days
from governance.services.demo.events import Story
from governance.services.demo.gate_terms import first_gate
from portal.kernel.models import User
from workloads.enums import Audience, ReadinessCheck, Shape, SignRole, Status

IMPORTED_DAYS_AGO = 178
"""Signatures given since then still hold, in whichever week of a quarter today is."""


def support_chat(people: Mapping[str, User], days: Days) -> Story:
    """W-01: refused once, signed, committed; two proofs from being ready to go live."""
    acts, story = Acts(people, 1), Story()
    row = {
        "purpose": "Answers order, return and delivery questions in the web shop.",
        "department": "support",
        "shape": Shape.CHAT,
        "audience": Audience.CUSTOMER,
    }
    story.then(
        days.before(IMPORTED_DAYS_AGO - 1), acts.edited("sarah", row, ("petra", "lena"))
    )
    story.then(
        days.before(176),
        acts.drafted(
            "sarah",
            {
                "session_minutes": Decimal(9),
                "profile": "evenings",
                "ops_reason": "The triage's on-call and eval set serve it, too.",
                "sources": {"users": "observed"},
            },
        ),
    )
    story.then(days.before(175, 14), acts.submitted("sarah"))
    story.then(days.before(173), acts.signed(SignRole.ENGINEERING))
    story.then(
        days.before(171, 15),
        acts.refused(
            SignRole.FINANCE,
            "The tokens rest on one quiet week. Measure a week with a sale in it.",
        ),
    )
    _second_attempt(acts, story, days)
    return story


def _second_attempt(acts: Acts, story: Story, days: Days) -> None:
    """W-01 after its refusal: measured again, signed, committed."""
    story.then(
        days.before(161),
        acts.drafted(
            "sarah",
            {
                "sources": {
                    "users": "observed",
                    "sessions_per_user_month": "pilot",
                    "declared_tokens_per_user_month": "pilot",
                    "session_minutes": "pilot",
                },
                "note": "A second pilot week, with a sale in it, gave 520k too.",
            },
        ),
        acts.submitted("sarah"),
    )
    story.then(days.before(157), acts.signed(SignRole.ENGINEERING))
    story.then(days.before(155, 16), acts.signed(SignRole.FINANCE))
    story.then(days.before(154, 9), acts.signed(SignRole.OPS))
    story.then(days.before(153), acts.moved("sarah", Status.PLANNED))
    story.then(
        days.before(62),
        acts.criterion("sarah", "Questions solved without a person", "22 %", "55 %"),
        acts.criterion("sarah", "Minutes until the first answer", "11", "1"),
    )
    story.then(days.before(40, 11), acts.gate_drafted("sarah", first_gate(1)))
    story.then(days.before(30, 15), acts.moved("sarah", Status.COMMITTED))
    for item, ago in (
        (ReadinessCheck.LOAD_TEST, 20),
        (ReadinessCheck.EDGE_CASES, 14),
        (ReadinessCheck.PIPELINE_DOCUMENTED, 9),
    ):
        story.then(days.before(ago, 16), acts.proven("sarah", item))
    # Finance is next: the gate is in force once both have agreed.
    story.then(days.working_days_before(3, 10), acts.gate_agreed("sarah"))


def docs_answers(people: Mapping[str, User], days: Days) -> Story:
    """W-02: committed on v1; v2 carries two signatures and waits for ops."""
    acts, story = Acts(people, 2), Story()
    row = {
        "purpose": "Answers staff from handbook, wiki and product docs, with the source.",
        "department": "knowledge",
        "shape": Shape.RETRIEVAL_QA,
    }
    story.then(
        days.before(IMPORTED_DAYS_AGO - 1, 11), acts.edited("marcus", row, ("hugo",))
    )
    inputs = {
        "session_minutes": Decimal(6),
        "ops_reason": "The knowledge team keeps the sources itself.",
        "sources": {"users": "observed", "sessions_per_user_month": "similar"},
    }
    story.then(days.before(80), acts.drafted("marcus", inputs))
    story.then(days.before(80, 15), acts.submitted("marcus"))
    story.then(days.before(74), acts.signed(SignRole.ENGINEERING))
    story.then(days.before(72, 15), acts.signed(SignRole.FINANCE))
    story.then(days.before(68, 9), acts.signed(SignRole.OPS))
    story.then(days.before(67), acts.moved("marcus", Status.PLANNED))
    story.then(
        days.before(45),
        acts.criterion("marcus", "Minutes to find an answer", "14", "2"),
    )
    story.then(
        days.before(40, 14),
        acts.gate_drafted("marcus", first_gate(2)),
        acts.gate_agreed("marcus"),
    )
    story.then(days.before(38, 11), acts.gate_agreed("daniel"))
    story.then(days.before(30, 15), acts.moved("marcus", Status.COMMITTED))
    story.then(
        days.working_days_before(10, 15),
        acts.drafted(
            "marcus",
            {
                "users": 1_100,
                "sessions_per_user_month": Decimal(48),
                "declared_tokens_per_user_month": 1_120_000,
                "session_minutes": Decimal(6),
                "ops_hours_week": Decimal(6),
                "ops_reason": "The knowledge team keeps the sources itself.",
                "sources": {
                    "users": "observed",
                    "sessions_per_user_month": "pilot",
                    "declared_tokens_per_user_month": "pilot",
                    "session_minutes": "pilot",
                },
                "note": "The last pilot week shows 48 sessions a user, and two "
                "prompt-drift reviews a week that v1 did not have.",
            },
        ),
    )
    story.then(days.working_days_before(9, 9), acts.submitted("marcus"))
    story.then(days.working_days_before(8, 11), acts.signed(SignRole.ENGINEERING))
    story.then(days.working_days_before(2, 16), acts.signed(SignRole.FINANCE))
    return story


def call_summaries(people: Mapping[str, User], days: Days) -> Story:
    """W-03: planned; nobody wrote a success criterion yet."""
    acts, story = Acts(people, 3), Story()
    row = {
        "purpose": "Turns a recorded sales call into a summary and the next steps.",
        "department": "sales",
        "shape": Shape.SUMMARISATION,
    }
    inputs = {
        "session_minutes": Decimal(4),
        "ops_reason": "Its prompts are reviewed with the sales tools' weekly check.",
        "sources": {"users": "observed", "sessions_per_user_month": "observed"},
    }
    story.then(
        days.before(IMPORTED_DAYS_AGO - 3), acts.edited("priya", row, ("nadia",))
    )
    story.then(days.before(58), acts.drafted("priya", inputs))
    story.then(days.before(57), acts.submitted("priya"))
    story.then(days.before(53), acts.signed(SignRole.ENGINEERING))
    story.then(days.before(51, 15), acts.signed(SignRole.FINANCE))
    story.then(days.before(50, 9), acts.signed(SignRole.OPS))
    story.then(days.before(46), acts.moved("priya", Status.PLANNED))
    return story


def code_review(people: Mapping[str, User], days: Days) -> Story:
    """W-04: submitted and signed by engineering; finance and ops are next."""
    acts, story = Acts(people, 4), Story()
    row = {
        "purpose": "Reviews each merge request before a person does.",
        "department": "engineering",
        "shape": Shape.CODE,
    }
    inputs = {
        "session_minutes": Decimal(12),
        "ops_reason": "The build team's rota already watches everything in review.",
        "sources": {
            "users": "observed",
            "sessions_per_user_month": "pilot",
            "declared_tokens_per_user_month": "pilot",
        },
        "note": "Whole files in the context, not only the change: hence 2.2M tokens.",
    }
    story.then(days.before(IMPORTED_DAYS_AGO - 4), acts.edited("tom", row, ("owen",)))
    story.then(days.working_days_before(5, 15), acts.drafted("tom", inputs))
    story.then(days.working_days_before(4, 10), acts.submitted("tom"))
    story.then(days.working_days_before(3, 14), acts.signed(SignRole.ENGINEERING))
    return story


def marketing_copy(people: Mapping[str, User], days: Days) -> Story:
    """W-05: a candidate without an estimate."""
    acts, story = Acts(people, 5), Story()
    row = {
        "purpose": "Drafts product pages and newsletters for an editor to finish.",
        "department": "marketing",
        "shape": Shape.DRAFTING,
        "audience": Audience.CUSTOMER,
    }
    story.then(days.before(IMPORTED_DAYS_AGO - 5), acts.edited("aisha", row, ("mei",)))
    return story


PLAN_STORIES: tuple[Callable[[Mapping[str, User], Days], Story], ...] = (
    support_chat,
    docs_answers,
    call_summaries,
    code_review,
    marketing_copy,
)
