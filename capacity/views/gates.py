"""The gates of all workloads: what holds each, and where nothing does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from capacity.enums import GateState
from capacity.selectors.gates_list import (
    GateRow,
    GatesFilter,
    Show,
    Sort,
    counted,
    narrowed,
    ordered,
    rows_for,
    shown,
)
from capacity.views.gate_enforced import Enforced, enforced_of
from capacity.views.gate_words import OVERAGE_WORDS, told_sentences
from capacity.views.listing import (
    Bar,
    Chip,
    Choice,
    as_file,
    one_of,
    paged,
    sorted_heads,
    text_of,
    window,
)
from portal.kernel import clock, formats
from workloads.enums import CostGate, Status
from workloads.models import Workload

PAGE = "gates:list"
CHIPS = (
    (Show.ALL, "All"),
    (Show.WITHOUT, "No gate"),
    (Show.WAITING, "A version waits"),
    (Show.PROPOSED, "Ceilings proposed"),
    (Show.NEAR, "Users near or over"),
)
HEADS = (
    ("Workload", Sort.REF, False),
    ("What each tier gets", "", False),
    ("Gate", Sort.CEILING, False),
    ("Enforced", "", False),
    ("Users near or over", Sort.NEAR, True),
    ("Waits", "", False),
)
HEADINGS = (
    "Ref",
    "Workload",
    "Status",
    "Owner",
    "Gate",
    "State",
    "Tier",
    "Ceiling tokens",
    "Overage",
    "Sentence",
    "Enforced",
    "Users near or over",
    "Users over",
    "Proposals",
)
AT_ONCE = 500


def read_filter(request: HttpRequest) -> GatesFilter:
    """What the address asks for; what cannot be read asks for nothing."""
    return GatesFilter(
        search=text_of(request, "q"),
        status=one_of(request, "status", Status),
        overage=one_of(request, "overage", CostGate),
        show=Show(one_of(request, "show", Show)),
        sort=Sort(one_of(request, "sort", Sort) or Sort.REF),
        descending=one_of(request, "dir", ("desc",)) == "desc",
    )


@require_safe
def gates(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    asked = read_filter(request)
    month = clock.today(now).replace(day=1)
    rows = narrowed(asked, month)
    counts = counted(rows)
    found = list(ordered(shown(rows, asked.show), asked, month)[window(request)])
    context = {
        "title": "Gates",
        "lede": _lede(counts),
        "rows": _told(found, now),
        "heads": sorted_heads(
            request, HEADS, by=asked.sort, descending=asked.descending
        ),
        "is_narrowed": asked.is_narrowed,
        **_bar(asked, counts).context(request),
        **paged(request, len(found), counts[asked.show]),
    }
    return render(request, "capacity/gates/list.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Every row that the page's filters leave, in its order, a line a tier."""
    now = clock.now()
    asked = read_filter(request)
    month = clock.today(now).replace(day=1)
    found = list(ordered(shown(narrowed(asked, month), asked.show), asked, month))
    lines = (
        line
        for start in range(0, len(found), AT_ONCE)
        for line in _file_rows(found[start : start + AT_ONCE], now)
    )
    return as_file("gates", kind, HEADINGS, lines)


def _bar(asked: GatesFilter, counts: dict[Show, int]) -> Bar:
    return Bar(
        PAGE,
        asked.search,
        [
            Choice(
                "status",
                "Status",
                [
                    ("", "Any status but retired"),
                    *((str(one), one.capitalize()) for one in Status),
                ],
                asked.status,
            ),
            Choice(
                "overage",
                "At the ceiling",
                [
                    ("", "Any pattern"),
                    *((str(k), v.capitalize()) for k, v in OVERAGE_WORDS.items()),
                ],
                asked.overage,
            ),
            Choice(
                "sort",
                "Order",
                [
                    ("", "By reference"),
                    ("name", "By name"),
                    ("status", "By status"),
                    ("near", "By users near or over"),
                    ("ceiling", "By smallest ceiling"),
                ],
                asked.sort if asked.sort != Sort.REF else "",
            ),
        ],
        [
            Chip("show", show, words, counts[show], asked.show == show)
            for show, words in CHIPS
        ],
        kept=[
            *([("show", asked.show)] if asked.show else []),
            *([("dir", "desc")] if asked.descending else []),
        ],
    )


def _lede(counts: dict[Show, int]) -> str:
    total, without = counts[Show.ALL], counts[Show.WITHOUT]
    if not total:
        return "No workload fits."
    if not without:
        return "Every workload has an active gate."
    have = "has" if without == 1 else "have"
    return (
        f"{formats.in_full(without)} of {formats.in_full(total)} workloads "
        f"{have} no active gate: their calls are blocked, for there is no undefined "
        "behaviour."
    )


def _told(found: Sequence[Workload], now: datetime) -> list[dict[str, Any]]:
    rows = rows_for(found, now)
    enforced = enforced_of([row.workload for row in rows if row.active], now)
    return [_row(row, enforced.get(row.workload.pk)) for row in rows]


def _row(row: GateRow, enforced: Enforced | None) -> dict[str, Any]:
    gate = row.active
    return {
        "ref": row.ref,
        "name": row.workload.name,
        "status": row.workload.status,
        "href": reverse("gates:gate", args=[row.ref]),
        "gate": gate,
        "tiers": told_sentences(gate) if gate else [],
        "stops": row.stops,
        "enforced": enforced,
        "near": row.near,
        "over": row.over,
        "waits": _waits(row),
    }


def _waits(row: GateRow) -> list[tuple[str, str]]:
    """What is not in force yet, and where it stands."""
    waits = []
    if row.open is not None:
        href = reverse("gates:version", args=[row.ref, row.open.version])
        waits.append((_open_words(row.open), href))
    if row.proposals:
        href = f"{reverse('gates:gate', args=[row.ref])}#proposals"
        more = "s" if row.proposals > 1 else ""
        waits.append((f"{row.proposals} proposal{more} of ceilings", href))
    return waits


def _open_words(gate: Any) -> str:
    state = "in shadow" if gate.state == GateState.SHADOW else "draft"
    if gate.owner_agreed_by_id and not gate.finance_agreed_by_id:
        return f"v{gate.version} {state}, awaits finance"
    if gate.finance_agreed_by_id and not gate.owner_agreed_by_id:
        return f"v{gate.version} {state}, awaits its owner"
    return f"v{gate.version} {state}"


def _file_rows(found: Sequence[Workload], now: datetime) -> list[tuple[Any, ...]]:
    rows = rows_for(found, now)
    enforced = enforced_of([row.workload for row in rows if row.active], now)
    lines: list[tuple[Any, ...]] = []
    for row in rows:
        told = enforced.get(row.workload.pk)
        head = (
            row.ref,
            row.workload.name,
            row.workload.status,
            row.workload.owner_name,
        )
        tail = (told.word if told else "", row.near, row.over, row.proposals)
        lines.extend((*head, *tier, *tail) for tier in _file_tiers(row))
    return lines


def _file_tiers(row: GateRow) -> list[tuple[Any, ...]]:
    gate = row.active
    if gate is None:
        return [("", "", "", None, "", "")]
    return [
        (
            f"v{gate.version}",
            gate.state,
            tier.tier,
            tier.ceiling_tokens,
            tier.overage,
            sentence,
        )
        for tier, (_, sentence) in zip(
            gate.tiers.all(), told_sentences(gate), strict=True
        )
    ]
