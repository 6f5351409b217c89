"""What the demo company shipped before today: one workload a quarter, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workloads.enums import Audience, CostGate, Shape


@dataclass(frozen=True)
class Shipped:
    """`quarter` counts from today's (-1 is the last one); it went live on its `day`.

    `forgets_to_renew`: its ops signature lapsed with the last quarter. `finance_by`: who
    signed for the finance lead. `retired_in`: the quarter in which it was retired.
    """

    number: int
    owner: str
    quarter: int
    day: int
    lead_days: int
    hours_to_add: int
    row: Mapping[str, Any]
    inputs: Mapping[str, Any]
    criterion: tuple[str, str, str]
    followers: tuple[str, ...] = ()
    forgets_to_renew: bool = False
    finance_by: str = "daniel"
    retired_in: int | None = None
    retired_because: str = ""


FIRST_QUARTER = -6
RETIRED_ON = 40
"""The day of its quarter on which a workload was retired."""


SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        number=6,
        owner="sarah",
        quarter=-6,
        day=65,
        lead_days=196,
        hours_to_add=420,
        row={
            "name": "Support ticket triage",
            "purpose": "Sorts each new ticket by product, urgency and language.",
            "department": "support",
            "shape": Shape.WORKFLOW_AUTOMATION,
            "primary_model": "Haiku",
            "cost_gate": CostGate.HARD_CAP,
        },
        inputs={
            "users": 64,
            "sessions_per_user_month": 310,
            "turns_per_session": "1",
            "input_tokens_per_turn": "1400",
            "output_tokens_per_turn": "90",
            "retry_factor": "1.05",
            "session_minutes": "1",
            "ops_hours_week": 2,
            "ops_reason": "It only sorts: nobody reads its answers but the team that gets the ticket.",
            "sources": {
                "users": "observed",
                "sessions_per_user_month": "pilot",
                "input_tokens_per_turn": "pilot",
                "output_tokens_per_turn": "pilot",
            },
        },
        criterion=("Minutes until a ticket is with the right team", "47", "10"),
        followers=("petra",),
    ),
    Shipped(
        number=7,
        owner="marcus",
        quarter=-5,
        day=65,
        lead_days=171,
        hours_to_add=350,
        row={
            "name": "Meeting minutes",
            "purpose": "Writes the minutes of a recorded meeting, with who does what.",
            "department": "knowledge",
            "shape": Shape.SUMMARISATION,
            "primary_model": "Haiku",
            "cost_gate": CostGate.HARD_CAP,
        },
        inputs={
            "users": 340,
            "sessions_per_user_month": 14,
            "declared_tokens_per_user_month": 260_000,
            "session_minutes": "3",
            "ops_hours_week": "1.5",
            "ops_reason": "People correct their own minutes; two prompts are reviewed a month.",
            "sources": {"users": "observed", "sessions_per_user_month": "pilot"},
        },
        criterion=("Minutes to write minutes", "35", "5"),
        followers=("hugo", "lena"),
    ),
    Shipped(
        number=8,
        owner="tom",
        quarter=-4,
        day=65,
        lead_days=149,
        hours_to_add=290,
        row={
            "name": "Release notes drafts",
            "purpose": "Drafts release notes from merged changes and their tickets.",
            "department": "engineering",
            "shape": Shape.DRAFTING,
            "primary_model": "Sonnet",
            "degrade_model": "Haiku",
            "cost_gate": CostGate.SOFT_CAP,
        },
        inputs={
            "users": 48,
            "sessions_per_user_month": 9,
            "declared_tokens_per_user_month": 410_000,
            "session_minutes": "8",
            "ops_hours_week": 1,
            "ops_reason": "It runs at releases only, and the release manager reads every draft.",
            "sources": {"users": "observed", "sessions_per_user_month": "similar"},
        },
        criterion=("Hours from tag to published notes", "26", "4"),
        followers=("owen",),
    ),
    Shipped(
        number=9,
        owner="priya",
        quarter=-3,
        day=35,
        lead_days=122,
        hours_to_add=230,
        row={
            "name": "Contract clause extraction",
            "purpose": "Finds term, notice and liability clauses in signed contracts.",
            "department": "sales",
            "shape": Shape.EXTRACTION,
            "compliance_sensitive": True,
            "primary_model": "Opus",
            "degrade_model": "Sonnet",
            "cost_gate": CostGate.HARD_CAP,
        },
        inputs={
            "users": 36,
            "sessions_per_user_month": 22,
            "turns_per_session": "2",
            "input_tokens_per_turn": "18000",
            "output_tokens_per_turn": "650",
            "output_multiplier": "1.3",
            "session_minutes": "5",
            "ops_hours_week": 2,
            "ops_reason": "A lawyer checks each clause anyway; only the eval set needs upkeep.",
            "sources": {
                "users": "observed",
                "sessions_per_user_month": "pilot",
                "input_tokens_per_turn": "pilot",
            },
        },
        criterion=("Clauses found of those a lawyer finds", "71 %", "97 %"),
        followers=("nadia", "viktor"),
    ),
    Shipped(
        number=10,
        owner="sarah",
        quarter=-2,
        day=35,
        lead_days=98,
        hours_to_add=175,
        row={
            "name": "Return and refund replies",
            "purpose": "Answers questions on returns and refunds from the shop's orders.",
            "department": "support",
            "shape": Shape.CHAT,
            "audience": Audience.CUSTOMER,
            "primary_model": "Sonnet",
            "degrade_model": "Haiku",
            "cost_gate": CostGate.SOFT_CAP,
        },
        inputs={
            "users": 2600,
            "sessions_per_user_month": 2,
            "declared_tokens_per_user_month": 38_000,
            "session_minutes": "7",
            "profile": "evenings",
            "ops_hours_week": 3,
            "ops_reason": "It shares its prompts and its reviews with the ticket triage.",
            "sources": {"users": "observed", "sessions_per_user_month": "similar"},
        },
        criterion=("Refund questions solved without a person", "0 %", "60 %"),
        followers=("petra",),
        forgets_to_renew=True,
    ),
    Shipped(
        number=11,
        owner="aisha",
        quarter=-1,
        day=35,
        lead_days=76,
        hours_to_add=130,
        row={
            "name": "Campaign translation",
            "purpose": "Translates campaigns into six languages for a native editor.",
            "department": "marketing",
            "shape": Shape.DRAFTING,
            "primary_model": "Sonnet",
            "degrade_model": "Haiku",
            "cost_gate": CostGate.SOFT_CAP,
        },
        inputs={
            "users": 24,
            "sessions_per_user_month": 40,
            "declared_tokens_per_user_month": 870_000,
            "session_minutes": "6",
            "ops_hours_week": 1,
            "ops_reason": "The translators keep the glossary, which is most of the upkeep.",
            "sources": {"users": "observed", "sessions_per_user_month": "pilot"},
        },
        criterion=("Days from text to six languages", "9", "2"),
        followers=("mei",),
        finance_by="viktor",
    ),
    Shipped(
        number=12,
        owner="aisha",
        quarter=-5,
        day=65,
        lead_days=160,
        hours_to_add=310,
        row={
            "name": "Social media replies",
            "purpose": "Drafted replies to comments for the social media team.",
            "department": "marketing",
            "shape": Shape.DRAFTING,
            "audience": Audience.CUSTOMER,
            "primary_model": "Haiku",
            "cost_gate": CostGate.HARD_CAP,
        },
        inputs={
            "users": 12,
            "sessions_per_user_month": 180,
            "declared_tokens_per_user_month": 640_000,
            "session_minutes": "2",
            "ops_hours_week": "1.5",
            "ops_reason": "One editor answers for it, on the weekly review of the campaign.",
            "sources": {"users": "observed", "sessions_per_user_month": "pilot"},
        },
        criterion=("Comments answered within an hour", "30 %", "80 %"),
        followers=("mei",),
        retired_in=-2,
        retired_because="The team answers by hand again: one in four drafts was used.",
    ),
)
