"""What models and the platform cost, from before the demo's first estimate on."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from capacity.enums import ModelClass
from capacity.services.rates import NewLine, NewPrice, enter_line, enter_price
from governance.services.demo.days import Days, at_work
from governance.services.demo.events import Act, Story
from portal.kernel import clock
from portal.kernel.models import User
from portal.kernel.selectors import numbers

BEFORE_THE_PLAN = date(2026, 1, 1)
"""The plan's quarters do not move with today's date, so their months have prices, too."""

# Money a million tokens: input, cached input, output.
PRICES: tuple[tuple[str, ModelClass, str, str, str], ...] = (
    ("Opus", ModelClass.PREMIUM, "15.00", "1.50", "75.00"),
    ("Sonnet", ModelClass.STANDARD, "3.00", "0.30", "15.00"),
    ("Haiku", ModelClass.BUDGET, "1.00", "0.10", "5.00"),
)
CHEAPER = ("Haiku", ModelClass.BUDGET, "0.80", "0.08", "4.00")
CHEAPER_SINCE = -4
"""From the second month of that quarter on."""

# Money a month; observability costs more since a quarter, as there is more to observe.
FIXED_LINES: tuple[tuple[str, str], ...] = (
    ("vector_database", "420.00"),
    ("orchestration", "310.00"),
    ("observability", "260.00"),
)
MORE_TO_OBSERVE, MORE_SINCE = ("observability", "340.00"), -3
SESSION_AT_ONCE = ("inference_endpoint", "38.00")


def rates_of_the_past(
    people: Mapping[str, User], days: Days, begins: datetime
) -> Story:
    """Everything has a price before the first estimate; two prices change later."""
    story = Story()
    daniel = people["daniel"]
    since = min(clock.today(begins).replace(day=1), BEFORE_THE_PLAN)
    for price in PRICES:
        story.then(begins, _priced(daniel, price, since))
    for line, amount in FIXED_LINES:
        story.then(begins, _fixed(daniel, line, amount, since))
    story.then(begins, _per_session(daniel, *SESSION_AT_ONCE, since))
    more = days.quarter(MORE_SINCE).first_day()
    story.then(days.in_quarter(MORE_SINCE, -5), _fixed(daniel, *MORE_TO_OBSERVE, more))
    return story


def cheaper_model(people: Mapping[str, User], days: Days) -> Story:
    """The price of one model falls inside a quarter."""
    story = Story()
    since = days.quarter(CHEAPER_SINCE).months()[1].first_day
    announced = at_work(since - timedelta(days=6), 15)
    story.then(announced, _priced(people["daniel"], CHEAPER, since))
    return story


def _priced(
    actor: User, price: tuple[str, ModelClass, str, str, str], since: date
) -> Act:
    model, model_class, *amounts = price
    given, cached, made = (Decimal(amount) for amount in amounts)
    new = NewPrice(
        model=model,
        model_class=str(model_class),
        valid_from=since,
        input_per_million=given,
        cached_input_per_million=cached,
        output_per_million=made,
        # A batch answers within a day, at half the price.
        batch_input_per_million=given / 2,
        batch_output_per_million=made / 2,
        currency=numbers.current().currency,
    )
    return lambda now: enter_price(actor=actor, price=new, now=now)


def _fixed(actor: User, line: str, amount: str, since: date) -> Act:
    return _line(actor, line, since, amount_per_month=Decimal(amount))


def _per_session(actor: User, line: str, amount: str, since: date) -> Act:
    return _line(actor, line, since, amount_per_session_month=Decimal(amount))


def _line(actor: User, line: str, since: date, **amount: Decimal) -> Act:
    currency = numbers.current().currency
    new = NewLine(line=line, valid_from=since, currency=currency, **amount)
    return lambda now: enter_line(actor=actor, line=new, now=now)
