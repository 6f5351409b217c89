"""What the demo company's models cost, from before its first estimate on."""

from datetime import datetime
from decimal import Decimal

from capacity.enums import ModelClass
from capacity.models import ModelPrice
from portal.kernel import clock
from portal.kernel.models import User
from portal.kernel.selectors import numbers

# Money a million tokens: input, cached input, output.
PRICES: tuple[tuple[str, ModelClass, str, str, str], ...] = (
    ("Opus", ModelClass.PREMIUM, "15.00", "1.50", "75.00"),
    ("Sonnet", ModelClass.STANDARD, "3.00", "0.30", "15.00"),
    ("Haiku", ModelClass.BUDGET, "0.80", "0.08", "4.00"),
)


def enter_rate_card(finance: User, now: datetime) -> None:
    """An estimate is submitted only where its model has a price."""
    currency = numbers.current().currency
    ModelPrice.objects.bulk_create(
        ModelPrice(
            model=model,
            model_class=model_class,
            valid_from=clock.today(now).replace(day=1),
            input_per_million=Decimal(input_price),
            cached_input_per_million=Decimal(cached_price),
            output_per_million=Decimal(output_price),
            currency=currency,
            entered_by=finance,
            entered_at=now,
        )
        for model, model_class, input_price, cached_price, output_price in PRICES
    )
