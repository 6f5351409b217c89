"""Prices, lines and people of a test's plan, entered in one line each."""

from datetime import date
from decimal import Decimal

from capacity.models import ComputeLine, ModelPrice, Staffing
from tests.conftest import NOW


def price(
    model: str, valid_from: str = "2025-01-01", given: str = "3.00", made: str = "15.00"
) -> ModelPrice:
    """Money per million tokens; a tenth of the input price where it is cached."""
    return ModelPrice.objects.create(
        model=model,
        model_class="standard",
        valid_from=date.fromisoformat(valid_from),
        input_per_million=Decimal(given),
        cached_input_per_million=Decimal(given) / 10,
        output_per_million=Decimal(made),
        currency="USD",
        entered_at=NOW,
    )


def line(
    name: str,
    *,
    month: str | None = None,
    session: str | None = None,
    valid_from: str = "2025-01-01",
) -> ComputeLine:
    return ComputeLine.objects.create(
        line=name,
        valid_from=date.fromisoformat(valid_from),
        amount_per_month=None if month is None else Decimal(month),
        amount_per_session_month=None if session is None else Decimal(session),
        currency="USD",
        entered_at=NOW,
    )


def staff(quarter: str, people: str = "1.00", vacancies: str = "0") -> Staffing:
    return Staffing.objects.create(
        quarter=quarter,
        full_time_equivalents=Decimal(people),
        vacancies=Decimal(vacancies),
        entered_at=NOW,
    )
