"""What was really used: entries of compute, ops hours and tokens, and their corrections."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.response import Response

from capacity.enums import OpsCategory
from capacity.models import ComputeActual, OpsActual, TokenActual
from capacity.rules.actuals.entries import (
    COUNTS,
    LONGEST_REASON,
    MOST_HOURS,
    MOST_MONEY,
    MOST_SESSIONS_AT_ONCE,
    ComputeEntry,
    OpsEntry,
    TokenEntry,
)
from capacity.selectors.problems import (
    AlreadyCorrected,
    AlreadyEntered,
    QuarterClosed,
    UsageEventsTell,
)
from capacity.services.actuals import enter_compute, enter_ops, enter_tokens
from capacity.services.entries import Entry
from portal.kernel.api.fields import Amount, Integer, MonthField, Number, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Flag, Matching, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.renderers import number
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month, Quarter
from workloads.api.fields import Line
from workloads.rules.shown import ref_of
from workloads.selectors.plan import number_of

READ = (Scope.PLAN_READ, Scope.ACTUALS_WRITE)
PLATFORM = "platform"


class _Correcting(StrictSerializer):
    corrects = Integer(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="The entry whose place this one takes.",
    )
    reason = Text(max_length=LONGEST_REASON, required=False, allow_blank=True)


class ComputeActualBody(_Correcting):
    month = MonthField()
    line = Line(max_length=60, required=False, help_text="With an amount.")
    amount = Amount(max_value=MOST_MONEY, required=False, help_text="Of the line.")
    peak_concurrent_sessions = Number(
        min_value=0,
        max_value=MOST_SESSIONS_AT_ONCE,
        places=2,
        required=False,
        help_text="Of the platform, instead of line and amount.",
    )


class OpsActualBody(_Correcting):
    workload = Line(
        max_length=20, allow_null=True, help_text="A reference; null is the platform."
    )
    week = Line(max_length=8, help_text="An ISO week: 2026-W17.")
    category = Word(OpsCategory)
    hours = Number(min_value=0, max_value=MOST_HOURS, places=2)


class TokenActualBody(_Correcting):
    month = MonthField()
    workload = Line(max_length=20, help_text="A reference.")

    def get_fields(self) -> dict[str, Any]:
        optional = {"retries", "tool_calls", "cached_input_tokens"}
        counts = {
            name: Integer(min_value=0, max_value=most, required=name not in optional)
            for name, most in COUNTS.items()
        }
        return {**super().get_fields(), **counts}


class _Entered(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    corrects = serializers.IntegerField(allow_null=True)
    corrected_by = serializers.IntegerField(
        allow_null=True, help_text="The entry in its place; null while it stands."
    )
    reason = serializers.CharField()
    entered_by = serializers.CharField(allow_null=True, help_text="A username.")
    entered_at = serializers.DateTimeField()


class ComputeActualAnswer(_Entered):
    month = serializers.CharField()
    line = serializers.CharField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    peak_concurrent_sessions = serializers.FloatField(allow_null=True)


class OpsActualAnswer(_Entered):
    workload = serializers.CharField(allow_null=True)
    week = serializers.CharField()
    month = serializers.CharField(help_text="Of the week's Thursday.")
    quarter = serializers.CharField(help_text="Of the week's Thursday.")
    category = serializers.ChoiceField(list(OpsCategory))
    hours = serializers.FloatField()


class TokenActualAnswer(_Entered):
    month = serializers.CharField()
    workload = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        counts = {name: serializers.IntegerField() for name in COUNTS}
        return {**super().get_fields(), **counts}


ABOUT = (
    "id",
    "corrects_id",
    "corrected_by__id",
    "reason",
    "entered_by__username",
    "entered_at",
)
COMPUTE = ("month", "line", "amount", "currency", "peak_concurrent_sessions")
OPS = ("workload__number", "week", "month", "quarter", "category", "hours")
TOKENS = ("month", "workload__number", *COUNTS)


def _of_workload(text: str) -> Q:
    if text == PLATFORM:
        return Q(workload=None)
    number = number_of(text)
    return Q(workload__number=number) if number is not None else Q(pk__in=[])


STANDING = Filter(
    Flag(description="True: only those that no later entry corrects."),
    lambda stands: Q(corrected_by__isnull=stands),
)
MONTH = Filter(Matching(lambda text: str(Month.parse(text)), "a month"), "month")


class ComputeView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=ComputeActualAnswer,
        listing=Listing(
            ordering={"month": "month", "line": "line", "id": "id"},
            default="-month",
            search=("line", "reason"),
            filters={
                "month": MONTH,
                "line": Filter(AnyText(), "line"),
                "standing": STANDING,
            },
        ),
    )
    def get(self) -> Response:
        """List the compute entries, corrected ones too."""
        rows = ComputeActual.objects.values(*ABOUT, *COMPUTE)
        return self.page(rows, row=_compute)

    @operation(
        scope=Scope.ACTUALS_WRITE,
        action="actuals.compute",
        body=ComputeActualBody,
        answer=ComputeActualAnswer,
        status=201,
        or_present=True,
        problems=(QuarterClosed, AlreadyEntered, AlreadyCorrected),
    )
    def post(self) -> Response:
        """Enter a line's cost in a month, or the month's peak of concurrent sessions.

        What is entered already is 200 with the entry that stands, and changes nothing.
        """
        asked = self.body
        entry = ComputeEntry(
            month=str(asked["month"]),
            line=asked.get("line", ""),
            amount=asked.get("amount"),
            peak_concurrent_sessions=asked.get("peak_concurrent_sessions"),
            **_about(asked),
        )
        made = enter_compute(actor=self.actor, entry=entry, now=self.now)
        rows = ComputeActual.objects.values(*ABOUT, *COMPUTE)
        return _taken(self, made, rows, _compute)


class OpsView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=OpsActualAnswer,
        listing=Listing(
            ordering={"week": "week", "hours": "hours", "id": "id"},
            default="-week",
            search=("workload__name", "category", "reason"),
            filters={
                "workload": Filter(
                    AnyText(description=f"A reference, or {PLATFORM}."), _of_workload
                ),
                "week": Filter(AnyText(), "week"),
                "month": MONTH,
                "quarter": Filter(
                    Matching(lambda text: str(Quarter.parse(text)), "a quarter"),
                    "quarter",
                ),
                "category": Filter(OneOf(OpsCategory, many=True), "category"),
                "standing": STANDING,
            },
        ),
    )
    def get(self) -> Response:
        """List the ops hours, corrected entries too."""
        return self.page(OpsActual.objects.values(*ABOUT, *OPS), row=_ops)

    @operation(
        scope=Scope.ACTUALS_WRITE,
        action="actuals.ops",
        body=OpsActualBody,
        answer=OpsActualAnswer,
        status=201,
        or_present=True,
        problems=(QuarterClosed, AlreadyCorrected),
    )
    def post(self) -> Response:
        """Enter hours of a week; several of one week and category add up.

        They belong to the month and the quarter of the week's Thursday.
        """
        asked = self.body
        entry = OpsEntry(
            ref=_ref(asked["workload"]),
            week=asked["week"],
            category=str(asked["category"]),
            hours=asked["hours"],
            **_about(asked),
        )
        made = enter_ops(actor=self.actor, entry=entry, now=self.now)
        return _taken(self, made, OpsActual.objects.values(*ABOUT, *OPS), _ops)


class TokensView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=TokenActualAnswer,
        listing=Listing(
            ordering={"month": "month", "id": "id"},
            default="-month",
            search=("workload__name", "reason"),
            filters={
                "month": MONTH,
                "workload": Filter(AnyText(), _of_workload),
                "standing": STANDING,
            },
        ),
    )
    def get(self) -> Response:
        """List the token entries, corrected ones too."""
        return self.page(TokenActual.objects.values(*ABOUT, *TOKENS), row=_tokens)

    @operation(
        scope=Scope.ACTUALS_WRITE,
        action="actuals.tokens",
        body=TokenActualBody,
        answer=TokenActualAnswer,
        status=201,
        or_present=True,
        problems=(QuarterClosed, AlreadyEntered, AlreadyCorrected, UsageEventsTell),
    )
    def post(self) -> Response:
        """Enter a workload's usage in a month that no usage event tells.

        What is entered already is 200 with the entry that stands, and changes nothing.
        """
        asked = self.body
        entry = TokenEntry(
            month=str(asked["month"]),
            ref=_ref(asked["workload"]) or "",
            **{name: asked[name] for name in COUNTS if name in asked},
            **_about(asked),
        )
        made = enter_tokens(actor=self.actor, entry=entry, now=self.now)
        return _taken(self, made, TokenActual.objects.values(*ABOUT, *TOKENS), _tokens)


def _about(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"corrects": asked.get("corrects"), "reason": asked.get("reason", "")}


def _ref(text: str | None) -> str | None:
    """As the plan writes it, `w7` too; what is no reference stays, and is refused."""
    number = number_of(text) if text is not None else None
    return ref_of(number) if number is not None else text


def _taken(
    view: WeighbridgeView,
    made: Entry[Any],
    rows: Any,
    row: Callable[[dict[str, Any]], dict[str, Any]],
) -> Response:
    shown = row(rows.get(pk=made.row.pk))
    return view.answer(shown, status=201 if made.is_new else 200)


def _entered(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "corrects": row["corrects_id"],
        "corrected_by": row["corrected_by__id"],
        "reason": row["reason"],
        "entered_by": row["entered_by__username"],
        "entered_at": row["entered_at"],
    }


def _compute(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "month": row["month"],
        "line": row["line"] or None,
        "amount": row["amount"],
        "currency": row["currency"] or None,
        "peak_concurrent_sessions": number(row["peak_concurrent_sessions"]),
        **_entered(row),
    }


def _ops(row: dict[str, Any]) -> dict[str, Any]:
    workload = row["workload__number"]
    return {
        "id": row["id"],
        "workload": ref_of(workload) if workload is not None else None,
        **{name: row[name] for name in ("week", "month", "quarter", "category")},
        "hours": number(row["hours"]),
        **_entered(row),
    }


def _tokens(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "month": row["month"],
        "workload": ref_of(row["workload__number"]),
        **{name: row[name] for name in COUNTS},
        **_entered(row),
    }
