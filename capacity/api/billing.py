"""The bill of metered overage: by workload, tier, account and version of the gate."""

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.response import Response

from capacity.selectors.billing import Metered, metered_overage
from portal.kernel.api.operations import operation
from portal.kernel.api.parameters import MonthName, OneOf
from portal.kernel.api.views import WeighbridgeView
from portal.kernel.enums import Scope
from portal.kernel.periods import Month
from portal.kernel.selectors import numbers
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv

READ = (Scope.PLAN_READ, Scope.GOVERNANCE_READ)
HEADINGS = (
    "Month",
    "Workload",
    "Name",
    "Tier",
    "Account",
    "Gate version",
    "Calls",
    "Metered tokens",
    "Price per million",
    "Amount",
    "Currency",
)


class MeteredAnswer(serializers.Serializer[Any]):
    workload = serializers.CharField()
    tier = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    gate_version = serializers.IntegerField(allow_null=True)
    calls = serializers.IntegerField()
    billable_tokens = serializers.IntegerField(help_text="Above the ceilings.")
    price_per_million = serializers.CharField(
        allow_null=True, help_text="Null where the gate states none."
    )
    amount = serializers.CharField(allow_null=True)


class BillAnswer(serializers.Serializer[Any]):
    month = serializers.CharField()
    currency = serializers.CharField()
    amount = serializers.CharField(help_text="Of all lines with a price.")
    unpriced_tokens = serializers.IntegerField()
    results = MeteredAnswer(many=True)


class BillingView(WeighbridgeView):
    @operation(
        scope=READ,
        answer=BillAnswer,
        media_types=("text/csv",),
        parameters={
            "month": MonthName(required=True, description="Of the events' own time."),
            "format": OneOf(("json", "csv"), default="json"),
        },
    )
    def get(self) -> Response | HttpResponse:
        """What was metered above the ceilings of a month, and what it costs."""
        month: Month = self.query["month"]
        lines = metered_overage(month)
        currency = numbers.current().currency
        if self.query["format"] == "csv":
            return as_csv(month, lines, currency)
        return self.answer(
            {
                "month": str(month),
                "currency": currency,
                "amount": f"{sum(one.amount for one in lines if one.amount):.2f}",
                "unpriced_tokens": sum(
                    one.tokens for one in lines if one.amount is None
                ),
                "results": [_row(one) for one in lines],
            }
        )


def as_csv(month: Month, lines: list[Metered], currency: str) -> HttpResponse:
    content = write_csv(
        HEADINGS,
        (
            (
                str(month),
                one.ref,
                one.name,
                one.tier,
                one.account,
                one.gate_version,
                one.calls,
                one.tokens,
                one.price_per_million,
                one.amount,
                currency,
            )
            for one in lines
        ),
    )
    name = f"overage-{month}.csv"
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES["csv"],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _row(one: Metered) -> dict[str, Any]:
    price = one.price_per_million
    return {
        "workload": one.ref,
        "tier": one.tier,
        "account": one.account or None,
        "gate_version": one.gate_version,
        "calls": one.calls,
        "billable_tokens": one.tokens,
        "price_per_million": None if price is None else f"{price.normalize():f}",
        "amount": None if one.amount is None else f"{one.amount:.2f}",
    }
