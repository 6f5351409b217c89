"""Prices of models and compute lines: entered, never changed; an equal row adds nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from capacity.enums import ModelClass
from capacity.models import ComputeLine, ModelPrice
from capacity.models.columns import NAME
from capacity.selectors.rates import line_on, names_of_models, price_on
from capacity.services.entries import (
    Entry,
    at_most,
    bounded,
    given,
    require,
    wrong_currency,
)
from capacity.services.locks import lock_rates
from portal.kernel import access
from portal.kernel.errors import FieldError
from portal.kernel.models import User
from portal.kernel.selectors import numbers
from portal.kernel.services import audit

DEAREST_PER_MILLION = 100_000
"""Money per million tokens; the dearest model of today costs some hundreds."""
DEAREST_SESSION = 1_000_000
DEAREST_MONTH = 1_000_000_000
FIRST_DAY = date(2020, 1, 1)
LAST_DAY = date(2098, 12, 31)
LONGEST_NAME = 100
LONGEST_REASON = 2_000
MOST_ALIASES = 50
_BATCH = ("batch_input_per_million", "batch_output_per_million")
_AMOUNTS = (
    "input_per_million",
    "cached_input_per_million",
    "output_per_million",
    *_BATCH,
)


@dataclass(frozen=True, kw_only=True)
class NewPrice:
    """A price as it is entered: money per million tokens.

    Without `aliases` the model keeps those it has.
    """

    model: str
    model_class: str
    valid_from: date
    input_per_million: Decimal
    cached_input_per_million: Decimal
    output_per_million: Decimal
    batch_input_per_million: Decimal | None = None
    batch_output_per_million: Decimal | None = None
    aliases: Sequence[str] | None = None
    currency: str


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """A compute line as it is entered: exactly one of the two amounts."""

    line: str
    valid_from: date
    amount_per_month: Decimal | None = None
    amount_per_session_month: Decimal | None = None
    currency: str


@transaction.atomic
def enter_price(
    *, actor: User, price: NewPrice, reason: str = "", now: datetime
) -> Entry[ModelPrice]:
    """What a model costs from a day on. Of one model and day, the last entry counts.

    Raises NotAllowed or Invalid, which names each wrong field.
    """
    access.require(actor, "rates.change")
    require(*_wrong_in(price), at_most("reason", reason, LONGEST_REASON))
    lock_rates()
    known = names_of_models()
    model, taken = known.spelled(price.model.strip()), known.owner_of(price.model)
    require(_another_models_alias(price.model, taken, model))
    if price.aliases is None:
        aliases = list(known.aliases_of(model))
    else:
        owners = known.owners_of(price.aliases)
        require(*_overlapping(price.aliases, model, owners))
        aliases = _distinct(price.aliases)
    price = replace(price, model=model, aliases=aliases)
    standing = price_on(model, price.valid_from, exactly=True)
    if standing is not None and _price_values(standing) == _price_values(price):
        return Entry(standing, is_new=False)
    before = standing or price_on(model, price.valid_from)
    row = ModelPrice.objects.create(
        **_fields_of(price), entered_by=actor, entered_at=now, reason=reason.strip()
    )
    audit.record_change(
        "price.entered",
        f"rate-card/{model}",
        actor=actor,
        now=now,
        before=_price_values(before) if before else {},
        after=_price_values(row),
        reason=row.reason,
    )
    return Entry(row, is_new=True)


@transaction.atomic
def enter_line(
    *, actor: User, line: NewLine, reason: str = "", now: datetime
) -> Entry[ComputeLine]:
    """What a compute line costs from a day on. Raises NotAllowed or Invalid."""
    access.require(actor, "lines.change")
    require(*_wrong_in_line(line), at_most("reason", reason, LONGEST_REASON))
    lock_rates()
    standing = line_on(line.line, line.valid_from, exactly=True)
    if standing is not None and _line_values(standing) == _line_values(line):
        return Entry(standing, is_new=False)
    before = standing or line_on(line.line, line.valid_from)
    row = ComputeLine.objects.create(
        line=line.line,
        valid_from=line.valid_from,
        amount_per_month=line.amount_per_month,
        amount_per_session_month=line.amount_per_session_month,
        currency=line.currency,
        entered_by=actor,
        entered_at=now,
        reason=reason.strip(),
    )
    audit.record_change(
        "compute_line.entered",
        f"compute-line/{line.line}",
        actor=actor,
        now=now,
        before=_line_values(before) if before else {},
        after=_line_values(row),
        reason=row.reason,
    )
    return Entry(row, is_new=True)


# --- What is wrong -------------------------------------------------------------------


def _wrong_in(price: NewPrice) -> list[FieldError | None]:
    classes = [str(one) for one in ModelClass]
    return [
        given(
            "model",
            price.model,
            most=LONGEST_NAME,
            why="A price names its model, as estimates do: Sonnet.",
        ),
        None
        if price.model_class in classes
        else FieldError(
            "/class",
            "invalid_choice",
            f'There is no class "{price.model_class[:40]}". It is one of '
            f"{', '.join(classes)}.",
        ),
        _wrong_day(price.valid_from),
        *(
            bounded(
                name,
                amount,
                most=DEAREST_PER_MILLION,
                places=6,
                unit=f"{price.currency[:3]} per million tokens",
            )
            for name in _AMOUNTS
            if (amount := getattr(price, name)) is not None
        ),
        _cached_above(price),
        wrong_currency(price.currency, numbers.current().currency),
        *_wrong_aliases(price.aliases or ()),
    ]


def _cached_above(price: NewPrice) -> FieldError | None:
    """Cached input is the cheaper part of the input; the other way is a slip of columns."""
    cached, uncached = price.cached_input_per_million, price.input_per_million
    if not (cached.is_finite() and uncached.is_finite() and cached > uncached):
        return None
    return FieldError(
        "/cached_input_per_million",
        "max_value",
        f"Cached input at {cached:f} would cost more than input at {uncached:f}.",
    )


def _wrong_aliases(aliases: Sequence[str]) -> list[FieldError]:
    if len(aliases) > MOST_ALIASES:
        detail = f"A model has at most {MOST_ALIASES} aliases."
        return [FieldError("/aliases", "max_length", detail)]
    return [
        FieldError(
            f"/aliases/{place}",
            "invalid",
            f"An alias is 1 to {LONGEST_NAME} characters.",
        )
        for place, alias in enumerate(aliases)
        if not 0 < len(alias.strip()) <= LONGEST_NAME
    ]


def _another_models_alias(
    typed: str, owner: str | None, model: str
) -> FieldError | None:
    if owner is None or owner == model:
        return None
    return FieldError(
        "/model",
        "overlapping_alias",
        f'"{typed}" is an alias of {owner}. Enter the price for {owner}.',
    )


def _overlapping(
    aliases: Sequence[str], model: str, owners: Sequence[str | None]
) -> list[FieldError]:
    """A name reads as one model: which one would else depend on who entered last."""
    return [
        FieldError(
            f"/aliases/{place}",
            "overlapping_alias",
            f'"{alias}" already means {owner}, so it cannot mean {model}.',
        )
        for place, (alias, owner) in enumerate(zip(aliases, owners, strict=True))
        if owner is not None and owner != model
    ]


def _wrong_in_line(line: NewLine) -> list[FieldError | None]:
    return [
        None
        if re.fullmatch(NAME.strip("^$"), line.line)
        else FieldError(
            "/line",
            "invalid",
            f'"{line.line[:60]}" is not a name of a line: small letters, digits and _, '
            "like vector_database.",
        ),
        _wrong_day(line.valid_from),
        _not_one_amount(line),
        bounded(
            "amount_per_month",
            line.amount_per_month,
            most=DEAREST_MONTH,
            places=2,
            unit=f"{line.currency[:3]} a month",
        )
        if line.amount_per_month is not None
        else None,
        bounded(
            "amount_per_session_month",
            line.amount_per_session_month,
            most=DEAREST_SESSION,
            places=6,
            unit=f"{line.currency[:3]} a session and month",
        )
        if line.amount_per_session_month is not None
        else None,
        wrong_currency(line.currency, numbers.current().currency),
    ]


def _not_one_amount(line: NewLine) -> FieldError | None:
    amounts = [line.amount_per_month, line.amount_per_session_month]
    missing = amounts.count(None)
    if missing == 1:
        return None
    fact = "Neither amount is given" if missing else "Both amounts are given"
    return FieldError(
        "/amount_per_month",
        "one_amount",
        f"{fact}: a line costs either an amount a month or one a session and month.",
    )


def _wrong_day(day: date) -> FieldError | None:
    if FIRST_DAY <= day <= LAST_DAY:
        return None
    return FieldError(
        "/valid_from", "out_of_range", f"{day} is not from {FIRST_DAY} to {LAST_DAY}."
    )


# --- Values --------------------------------------------------------------------------


def _distinct(aliases: Sequence[str]) -> list[str]:
    """Trimmed, the first spelling of each, by name."""
    spelled = {alias.strip().casefold(): alias.strip() for alias in reversed(aliases)}
    return sorted(spelled.values(), key=str.casefold)


def _fields_of(price: NewPrice) -> dict[str, object]:
    names = ("model", "model_class", "valid_from", "currency", *_AMOUNTS)
    fields = {name: getattr(price, name) for name in names}
    return fields | {"aliases": list(price.aliases or ())}


def _price_values(price: NewPrice | ModelPrice) -> dict[str, object]:
    """As the trail keeps it: amounts with all their places, so that they compare."""
    return {
        "class": str(price.model_class),
        "aliases": list(price.aliases or ()),
        "valid_from": price.valid_from.isoformat(),
        "currency": price.currency,
        **{name: _six_places(getattr(price, name)) for name in _AMOUNTS},
    }


def _line_values(line: NewLine | ComputeLine) -> dict[str, object]:
    return {
        "valid_from": line.valid_from.isoformat(),
        "amount_per_month": _six_places(line.amount_per_month),
        "amount_per_session_month": _six_places(line.amount_per_session_month),
        "currency": line.currency,
    }


def _six_places(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.6f}"
