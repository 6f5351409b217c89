"""Heads of the groups, the totals and the sentence over the plan's table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.kernel import beams, formats, marks
from portal.kernel.pages.words import count_word
from portal.kernel.periods import Quarter
from portal.kernel.templatetags import look
from workloads.enums import COUNTED, Status
from workloads.rules.plan_filter import Group, Only
from workloads.selectors.plan_table import PlanRow, Summary, Sums
from workloads.selectors.quarters import heads_of

NAMED_AT_MOST = 3


@dataclass(frozen=True)
class GroupHead:
    """Name, load of load, beam, one sentence."""

    name: str
    load: str = ""
    beam: str = ""
    sentence: str = ""


def key_of(row: PlanRow, group: Group) -> str:
    """What a row is grouped under; "" where it has none."""
    match group:
        case Group.QUARTER:
            return row.ship_quarter
        case Group.STATUS:
            return row.status
        case Group.OWNER:
            return row.owner
        case Group.DEPARTMENT:
            return row.department_name or ""
        case Group.NONE:
            return ""


def quarter_heads(keys: Iterable[str]) -> dict[str, GroupHead]:
    """The ops hours of each quarter, whatever rows the filter leaves of it."""
    quarters = [Quarter.parse(key) for key in keys if key]
    heads = heads_of(quarters, codes=("ops",)) if quarters else []
    longest = longest_of([head.parts for head in heads])
    return {
        **{
            str(head.quarter): quarter_head(head.quarter, head.parts, longest)
            for head in heads
        },
        "": GroupHead(
            "No ship quarter",
            sentence="It counts in no quarter's hours until it ships.",
        ),
    }


def longest_of(parts: Iterable[Mapping[str, Any]]) -> float:
    """The greatest load of some quarters: what beams without a ceiling are scaled to."""
    return max((float(with_planned(p["ops"])) for p in parts if "ops" in p), default=0)


def quarter_head(
    quarter: Quarter, parts: Mapping[str, Any], longest: float
) -> GroupHead:
    ops = parts.get("ops")
    if ops is None:
        return GroupHead(quarter.label)
    return GroupHead(
        quarter.label, load_words(ops), load_beam(ops, longest), load_sentence(ops)
    )


def load_words(ops: Mapping[str, Any]) -> SafeString:
    """26 + 17 planned of 40 ops h/week; "19 + ?" where a part is not estimated."""
    over = overload(ops) > 0
    planned = Decimal(ops["planned"])
    ceiling = ops["ceiling_hours_week"]
    return format_html(
        '<b{}>{}</b>{}{}{} <span class="unit">ops h/week</span>',
        mark_safe(' class="stop"') if over else "",
        formats.in_full(Decimal(ops["hours_week"])),
        f" + {formats.in_full(planned)} planned" if planned else "",
        " + ?" if ops["unknown"] else "",
        "" if ceiling is None else f" of {formats.in_full(Decimal(ceiling))}",
    )


def load_beam(ops: Mapping[str, Any], longest: float) -> SafeString:
    """What is committed and planned together; a tick where the committed part ends."""
    total, ceiling = with_planned(ops), ops["ceiling_hours_week"]
    drawn = beams.Beam(
        float(total),
        None if ceiling is None else float(ceiling),
        was=float(ops["hours_week"]) if Decimal(ops["planned"]) else None,
        longest=longest,
    )
    return beams.beam(drawn, beam_words(ops))


def beam_words(ops: Mapping[str, Any]) -> str:
    ceiling, over = ops["ceiling_hours_week"], overload(ops)
    total = formats.in_full(with_planned(ops))
    if ceiling is None:
        return f"{total} ops hours a week with what is planned; no ceiling yet"
    words = f"{total} of {formats.in_full(Decimal(ceiling))} ops hours a week"
    return f"{words}, {formats.in_full(over)} over" if over > 0 else words


def load_sentence(ops: Mapping[str, Any]) -> SafeString:
    over, unknown = overload(ops), unknown_words(ops["unknown"])
    if over > 0:
        return format_html(
            '<b class="stop">{} h/week over.</b> <span class="muted">{}</span>',
            formats.in_full(over),
            unknown or "The roadmap says which moves would fit.",
        )
    if unknown:
        words = unknown
    elif ops["ceiling_hours_week"] is None:
        words = "no ceiling yet"
    else:
        words = f"room for {formats.in_full(-over)} h/week"
    return format_html('<span class="muted small">{}</span>', words)


def with_planned(ops: Mapping[str, Any]) -> Decimal:
    return Decimal(ops["hours_week"]) + Decimal(ops["planned"])


def overload(ops: Mapping[str, Any]) -> Decimal:
    """Hours over the ceiling if all that is planned commits; below 0 it is room."""
    if ops["ceiling_hours_week"] is None:
        return Decimal(0)
    return with_planned(ops) - Decimal(ops["ceiling_hours_week"])


def unknown_words(refs: Sequence[str]) -> str:
    """W-05 has no estimate, so its hours are not in it."""
    if not refs:
        return ""
    named = list(refs[:NAMED_AT_MOST])
    if len(refs) > NAMED_AT_MOST:
        named.append(f"{len(refs) - NAMED_AT_MOST} more")
    if len(refs) == 1:
        return f"{named[0]} has no estimate, so its hours are not in it"
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed} have no estimate, so their hours are not in it"


def sums_head(name: str, sums: Sums) -> GroupHead:
    """A group that is no quarter: its workloads, and a figure a budget."""
    missing = sums.rows - sums.estimated
    return GroupHead(
        name,
        format_html(
            '<b>{}</b> <span class="unit">workload{}</span>',
            formats.in_full(sums.rows),
            "" if sums.rows == 1 else "s",
        ),
        "",
        format_html(
            '<span class="muted small">{} ops h/week stable · {} tokens/month{}</span>',
            formats.with_unknown(sums.ops_hours_week, unknown=bool(missing)),
            formats.with_unknown(sums.tokens_per_month, unknown=bool(missing)),
            f"; {formats.in_full(missing)} not estimated" if missing else "",
        ),
    )


def status_name(status: str) -> SafeString:
    return marks.status_mark(status)


# --- The sentence and the totals -----------------------------------------------------


def lede(summary: Summary, quarters: int) -> str:
    """Five workloads against four quarters. Two committed, two planned, one candidate."""
    rows = summary.rows
    if not rows:
        return "Every workload stands here as one row, from candidate to live."
    counts = [
        f"{count_word(sums.rows).lower()} {status}"
        for status in reversed(Status)
        if (sums := summary.by_status.get(status)) and sums.rows
    ]
    words = ", ".join(counts)
    over = f" over {_counted(quarters, 'quarter').lower()}" if quarters else ""
    return f"{_counted(rows, 'workload')}{over}: {words}. {_lacking(summary, rows)}".strip()


def _lacking(summary: Summary, rows: int) -> str:
    without = rows - sum(sums.estimated for sums in summary.by_status.values())
    gateless = summary.chips[Only.NO_GATE]
    parts = []
    if without:
        parts.append(f"{count_word(without).lower()} without an estimate")
    if gateless:
        parts.append(f"{count_word(gateless).lower()} without a gate")
    text = " and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _counted(count: int, noun: str) -> str:
    return f"{count_word(count)} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Total:
    """One budget's line: never summed with another's."""

    name: str
    figure: str
    unit: str
    planned: str
    below: str


def totals(summary: Summary) -> list[Total]:
    """Live and committed count; planned is a second figure; candidates never count."""
    counted, planned = summary.of(*COUNTED), summary.of(Status.PLANNED)
    candidates = summary.of(Status.CANDIDATE)
    noun = f"{_counted(counted.rows, 'workload').lower()} committed or live"
    left_out = _left_out(candidates)
    return [
        Total(
            f"Tokens, {noun}, at full adoption",
            _figure(counted.tokens_per_month, counted),
            "tokens/month",
            _second(planned.tokens_per_month),
            left_out("tokens/month", candidates.tokens_per_month),
        ),
        Total(
            "Compute, peak of all workloads together",
            "",
            "",
            "",
            "Peaks do not add up over workloads: the roadmap has each quarter's.",
        ),
        Total(
            f"Ops, stable hours of {noun}",
            _figure(counted.ops_hours_week, counted),
            "h/week",
            _second(planned.ops_hours_week),
            left_out("h/week", candidates.ops_hours_week),
        ),
    ]


def _figure(number: int | Decimal, sums: Sums) -> str:
    figure = look.short(number)
    return format_html("{} + ?", figure) if sums.rows > sums.estimated else figure


def _second(number: int | Decimal) -> str:
    return f"+ {formats.short(number)} planned" if number else ""


def _left_out(candidates: Sums) -> Any:
    def words(unit: str, number: int | Decimal) -> str:
        if not candidates.rows:
            return ""
        estimated = f": {formats.short(number)} {unit}" if number else ""
        return f"{_counted(candidates.rows, 'candidate')} not counted{estimated}"

    return words
