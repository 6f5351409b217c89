"""Numbers, money and days as the pages write them. Text only, no markup, no clock.

A minus is U+2212 and a unit stands after a no-break space, so that a figure never
breaks from what it counts.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal

BLANK = "—"
MINUS = "−"
NBSP = "\N{NO-BREAK SPACE}"

Number = int | float | Decimal

_SCALES = (
    (Decimal(10) ** 12, "T"),
    (Decimal(10) ** 9, "B"),
    (Decimal(10) ** 6, "M"),
    (Decimal(10) ** 3, "k"),
)
_IN_FULL_BELOW = 10_000
_SIGNIFICANT = 3
# A slip of the keyboard has more digits than Python's usual 28; it is shown, not a crash.
_WIDE = Context(prec=200)
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_MONTHS = (
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def exact(number: Number) -> Decimal:
    """The number as a Decimal; a float goes through its shortest text (0.1, not 0.1000…)."""
    if isinstance(number, Decimal):
        return number
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def in_full(number: Number, places: int | None = None) -> str:
    """4,200 or 4.5 or −3: every digit, thousands grouped, no trailing zeros."""
    if isinstance(number, int) and places is None:
        return f"{number:,}" if number >= 0 else f"{MINUS}{-number:,}"
    value = exact(number)
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
        text = f"{abs(value):,f}"
    else:
        text = f"{abs(value):,f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if value < 0 else text


def is_shortened(number: Number) -> bool:
    return abs(exact(number)) >= _IN_FULL_BELOW


def short(number: Number) -> str:
    """520k, 1.4M, 2.18B: three figures from 10,000 on; below, in full.

    1,400,000 is 1.4M, but 1,302,000,000 is 1.30B: the zero is kept where it was rounded
    to, so that a reader sees how much the figure knows.
    """
    value = exact(number)
    if not is_shortened(value):
        return in_full(value)
    size = abs(value)
    scale, letter = next(pair for pair in _SCALES if size >= pair[0])
    scaled = _three_figures(size / scale)
    if scaled >= 1000 and letter != "T":
        position = next(i for i, pair in enumerate(_SCALES) if pair[1] == letter)
        scale, letter = _SCALES[position - 1]
        scaled = _three_figures(size / scale)
    text = f"{scaled:,f}"
    if scaled * scale == size and "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS if value < 0 else ''}{text}{letter}"


def _three_figures(value: Decimal) -> Decimal:
    # Twice: rounding 99.96 up to 100.0 makes a figure too many.
    for _ in range(2):
        places = max(0, _SIGNIFICANT - 1 - value.adjusted())
        value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
    return value


def money(amount: Number, currency: str = "USD", *, cents: bool = False) -> str:
    """$13,104: whole units on pages, cents in exports and on hover."""
    value = exact(amount)
    figure = in_full(abs(value), 2 if cents else 0)
    symbol = _SYMBOLS.get(currency, f"{currency}{NBSP}")
    return f"{MINUS if value < 0 else ''}{symbol}{figure}"


def share(ratio: Number) -> str:
    """0.88 as 88 %; one decimal under ten (7.9 %)."""
    percent = exact(ratio) * 100
    places = 1 if 0 < abs(percent) < 10 else 0
    step = Decimal(1).scaleb(-places)
    figure = in_full(percent.quantize(step, ROUND_HALF_UP, _WIDE))
    return f"{figure}{NBSP}%"


def signed(number: Number) -> str:
    """+6, −3, 0."""
    return f"+{short(number)}" if exact(number) > 0 else short(number)


def change(before: Number, after: Number) -> str:
    """+6 · +14 %; "same" where nothing changed, no share where there was nothing."""
    old, new = exact(before), exact(after)
    if old == new:
        return "same"
    step = signed(new - old)
    if old == 0:
        return step
    ratio = share((new - old) / abs(old))
    return f"{step} · {'+' if new > old else ''}{ratio}"


def money_change(before: Number, after: Number, currency: str) -> str:
    """+$332 · +63 %, in whole units as the amounts beside it."""
    old, new = exact(before), exact(after)
    if old == new:
        return "same"
    sign = "+" if new > old else MINUS
    step = f"{sign}{money(abs(new - old), currency)}"
    return step if old == 0 else f"{step} · {change(old, new).partition(' · ')[2]}"


def bounds(low: Number, high: Number) -> str:
    """at least 4,200 and at most 5,675."""
    return f"at least {short(low)} and at most {short(high)}"


def with_unknown(known: Number, *, unknown: bool) -> str:
    """19 + ? where a part is not estimated."""
    return f"{short(known)} + ?" if unknown else short(known)


def quarter(text: object) -> str:
    """2026Q2 as pages write it, 2026-Q2."""
    name = str(text or "")
    return name.replace("Q", "-Q", 1) if name and "-Q" not in name else name or BLANK


def day(value: date, *, year: bool = True) -> str:
    """9 Apr 2026, or 9 Apr."""
    text = f"{value.day} {_MONTHS[value.month][:3]}"
    return f"{text} {value.year}" if year else text


def long_day(value: date) -> str:
    """Thursday 9 April 2026."""
    return f"{value:%A} {value.day} {_MONTHS[value.month]} {value.year}"


def minute(value: datetime, zone: tzinfo) -> str:
    """9 Apr 2026, 14:16 on the organisation's clock."""
    local = value.astimezone(zone)
    return f"{day(local.date())}, {local:%H:%M}"


def second(value: datetime, zone: tzinfo) -> str:
    """9 Apr 2026, 09:41:07 UTC."""
    local = value.astimezone(zone)
    name = "UTC" if local.utcoffset() == timedelta() else local.tzname()
    return f"{day(local.date())}, {local:%H:%M:%S} {name}"


def rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(value: datetime, today: date, zone: tzinfo) -> str:
    """Today 08:52, Yesterday 17:40, else 7 Apr 2026, 17:40."""
    local = value.astimezone(zone)
    near = {0: "Today", 1: "Yesterday"}.get((today - local.date()).days)
    return f"{near} {local:%H:%M}" if near else minute(value, zone)


def due(on: date | None, today: date) -> str:
    """2 days over, Today, Tomorrow, In 14 days; the day itself stands below it."""
    if on is None:
        return "No date"
    days = (on - today).days
    if days < 0:
        return "1 day over" if days == -1 else f"{-days} days over"
    return {0: "Today", 1: "Tomorrow"}.get(days, f"In {days} days")


def due_tone(on: date | None, today: date) -> str:
    """Red when over, amber today and tomorrow, else plain: with the word, never alone."""
    if on is None or (on - today).days > 1:
        return ""
    return "stop" if on < today else "wait"


def listed(words: Sequence[str], last: str = "and") -> str:
    """W-01, W-02 and W-03; one word alone, and nothing for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
