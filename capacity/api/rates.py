"""The rate card and the compute lines: append-only, newest first."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from capacity.enums import ModelClass
from capacity.models import ComputeLine, ModelPrice
from capacity.services.rates import NewLine, NewPrice, enter_line, enter_price
from portal.kernel.api.fields import Amount, DayField, Listed, Text, Word
from portal.kernel.api.operations import operation
from portal.kernel.api.paging import Filter, Listing
from portal.kernel.api.parameters import Day, Flag, OneOf
from portal.kernel.api.parameters import Text as AnyText
from portal.kernel.api.serializers import StrictSerializer
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.selectors import numbers

READ_LINES = (Scope.PLAN_READ, Scope.ACTUALS_WRITE)
HISTORY = Flag(
    default=False,
    description="Rows that a later entry of the same day has taken the place of, too.",
)
LONGEST_REASON = 2_000


def _price(**options: Any) -> Amount:
    return Amount(places=6, help_text="Money per million tokens.", **options)


# `class` is a word of Python's own, so these are made by name.
PriceBody = type(
    "PriceBody",
    (StrictSerializer,),
    {
        "model": Text(max_length=100),
        "class": Word(ModelClass),
        "aliases": Listed(
            Text(max_length=100),
            max_length=50,
            required=False,
            help_text="Other names of the model; without them it keeps those it has.",
        ),
        "valid_from": DayField(),
        "input_per_million": _price(),
        "cached_input_per_million": _price(),
        "output_per_million": _price(),
        "batch_input_per_million": _price(required=False, allow_null=True),
        "batch_output_per_million": _price(required=False, allow_null=True),
        "currency": Text(max_length=3, required=False),
        "reason": Text(max_length=LONGEST_REASON, required=False, allow_blank=True),
    },
)


class _Entered(serializers.Serializer[Any]):
    currency = serializers.CharField()
    reason = serializers.CharField()
    entered_by = serializers.CharField(allow_null=True, help_text="A username.")
    entered_at = serializers.DateTimeField()


_AMOUNTS = (
    "input_per_million",
    "cached_input_per_million",
    "output_per_million",
    "batch_input_per_million",
    "batch_output_per_million",
)
PriceAnswer = type(
    "PriceAnswer",
    (_Entered,),
    {
        "id": serializers.IntegerField(),
        "model": serializers.CharField(),
        "class": serializers.ChoiceField(list(ModelClass)),
        "aliases": serializers.ListField(child=serializers.CharField()),
        "valid_from": serializers.DateField(),
        **{
            name: serializers.CharField(allow_null=name.startswith("batch"))
            for name in _AMOUNTS
        },
    },
)


class LineBody(StrictSerializer):
    line = Text(max_length=60, help_text="vector_database, or a name of your own.")
    valid_from = DayField()
    amount_per_month = Amount(required=False, allow_null=True)
    amount_per_session_month = Amount(places=6, required=False, allow_null=True)
    currency = Text(max_length=3, required=False)
    reason = Text(max_length=LONGEST_REASON, required=False, allow_blank=True)


class LineAnswer(_Entered):
    id = serializers.IntegerField()
    line = serializers.CharField()
    valid_from = serializers.DateField()
    amount_per_month = serializers.CharField(allow_null=True)
    amount_per_session_month = serializers.CharField(allow_null=True)


class RateCardView(WeighbridgeView):
    @operation(
        scope=Scope.PLAN_READ,
        answer=PriceAnswer,
        parameters={"history": HISTORY},
        listing=Listing(
            ordering={
                "valid_from": "valid_from",
                "model": "model",
                "entered_at": "entered_at",
            },
            default="model,-valid_from",
            search=("model", "reason"),
            filters={
                "model": Filter(AnyText(many=True), "model"),
                "class": Filter(OneOf(ModelClass, many=True), "model_class"),
                "valid_from": Filter(Day(), "valid_from"),
                "in_force_on": Filter(
                    Day(description="The price of each model on that day."),
                    lambda day: _in_force(ModelPrice, "model", day),
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List the prices that count, each from its day on."""
        rows = prices() if self.query["history"] else standing_prices()
        return self.page(rows, row=_priced)

    @operation(
        scope=Scope.PLAN_WRITE,
        action="rates.change",
        body=PriceBody,
        answer=PriceAnswer,
        status=201,
        or_present=True,
    )
    def post(self) -> Response:
        """Enter a price from a day on; an equal one changes nothing and answers 200."""
        asked = dict(self.body)
        reason = asked.pop("reason", "")
        asked.setdefault("currency", numbers.current().currency)
        price = NewPrice(model_class=asked.pop("class"), **asked)
        entry = enter_price(actor=self.actor, price=price, reason=reason, now=self.now)
        shown = prices().get(pk=entry.row.pk)
        return self.answer(_priced(shown), status=201 if entry.is_new else 200)


class ComputeLinesView(WeighbridgeView):
    @operation(
        scope=READ_LINES,
        answer=LineAnswer,
        parameters={"history": HISTORY},
        listing=Listing(
            ordering={
                "valid_from": "valid_from",
                "line": "line",
                "entered_at": "entered_at",
            },
            default="line,-valid_from",
            search=("line", "reason"),
            filters={
                "line": Filter(AnyText(many=True), "line"),
                "valid_from": Filter(Day(), "valid_from"),
                "in_force_on": Filter(
                    Day(description="The amount of each line on that day."),
                    lambda day: _in_force(ComputeLine, "line", day),
                ),
            },
        ),
    )
    def get(self) -> Response:
        """List the compute lines that count, each from its day on."""
        rows = lines() if self.query["history"] else standing_lines()
        return self.page(rows, row=_lined)

    @operation(
        scope=Scope.ACTUALS_WRITE,
        action="lines.change",
        body=LineBody,
        answer=LineAnswer,
        status=201,
        or_present=True,
    )
    def post(self) -> Response:
        """Enter a line from a day on, per month or per session and month."""
        asked = dict(self.body)
        reason = asked.pop("reason", "")
        asked.setdefault("currency", numbers.current().currency)
        entry = enter_line(
            actor=self.actor, line=NewLine(**asked), reason=reason, now=self.now
        )
        shown = lines().get(pk=entry.row.pk)
        return self.answer(_lined(shown), status=201 if entry.is_new else 200)


# --- Rows ----------------------------------------------------------------------------


def prices() -> QuerySet[Any, Any]:
    return ModelPrice.objects.values(
        "id",
        "model",
        "model_class",
        "aliases",
        "valid_from",
        *_AMOUNTS,
        "currency",
        "reason",
        "entered_by__username",
        "entered_at",
    )


def lines() -> QuerySet[Any, Any]:
    return ComputeLine.objects.values(
        "id",
        "line",
        "valid_from",
        "amount_per_month",
        "amount_per_session_month",
        "currency",
        "reason",
        "entered_by__username",
        "entered_at",
    )


def standing_prices() -> QuerySet[Any, Any]:
    return prices().filter(~Exists(_later(ModelPrice, "model", same_day=True)))


def standing_lines() -> QuerySet[Any, Any]:
    return lines().filter(~Exists(_later(ComputeLine, "line", same_day=True)))


def _later(
    table: type[ModelPrice] | type[ComputeLine], name: str, *, same_day: bool
) -> QuerySet[Any]:
    """Rows of the same name that were entered later, for the same day or any."""
    newer = table._default_manager.filter(
        **{name: OuterRef(name)}, id__gt=OuterRef("id")
    )
    return newer.filter(valid_from=OuterRef("valid_from")) if same_day else newer


def _in_force(table: type[ModelPrice] | type[ComputeLine], name: str, day: date) -> Q:
    """Begun by that day, and no other of its name began between it and the day."""
    begun = table._default_manager.filter(**{name: OuterRef(name)}, valid_from__lte=day)
    newer = begun.filter(
        Q(valid_from__gt=OuterRef("valid_from"))
        | Q(valid_from=OuterRef("valid_from"), id__gt=OuterRef("id"))
    )
    return Q(~Exists(newer), valid_from__lte=day)


def _priced(row: dict[str, Any]) -> dict[str, Any]:
    shown = {
        **row,
        "class": row["model_class"],
        "entered_by": row["entered_by__username"],
    }
    del shown["model_class"], shown["entered_by__username"]
    return {name: _money(name, value) for name, value in shown.items()}


def _lined(row: dict[str, Any]) -> dict[str, Any]:
    shown = {**row, "entered_by": row["entered_by__username"]}
    del shown["entered_by__username"]
    return {name: _money(name, value) for name, value in shown.items()}


def _money(name: str, value: Any) -> Any:
    """Cents at least, and no empty places behind them: 3.00, 0.075."""
    if value is None or not ("per_million" in name or name.startswith("amount")):
        return value
    whole, _, places = f"{value:f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
