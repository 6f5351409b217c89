"""What a usage event looks like, and how a body of them is read.

One declaration serves two readings: a whole body at once, and, where something in it is
wrong, each event alone, so that the rest of the batch is taken.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from portal.kernel.api.bodies import unstorable_character
from portal.kernel.api.errors import MalformedBody
from portal.kernel.errors import FieldError, Invalid, TooLarge

JSON = "application/json"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"
CLOUD_TYPE = "weighbridge.usage"
MOST_EVENTS = 5_000
# Beyond it no sum of a month's events would fit the database's integers.
MOST_TOKENS = 10**12
MOST_CALLS = 10**9
MOST_DECISIONS = 10_000
LONGEST_OUTCOME = 20_000

Named = Annotated[str, Meta(min_length=1, max_length=200)]
Short = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=200)]
# Negative tokens have a code of their own, so the form lets them through.
Tokens = Annotated[int, Meta(ge=-MOST_TOKENS, le=MOST_TOKENS)]
Count = Annotated[int, Meta(ge=0, le=MOST_CALLS)]


class Event(Struct, forbid_unknown_fields=True, gc=False):
    """One call, or `calls` of them that the sender added up."""

    id: Named
    source: Named
    time: Annotated[datetime, Meta(tz=True)]
    workload: Annotated[str, Meta(min_length=1, max_length=50)]
    tier: Annotated[str, Meta(min_length=1, max_length=60)]
    user: Short
    model: Short | UnsetType = UNSET
    input_tokens: Tokens | UnsetType = UNSET
    output_tokens: Tokens | UnsetType = UNSET
    cached_input_tokens: Tokens | None = None
    session: Text | None = None
    agent: Text | None = None
    decision: Text | None = None
    turns: Count | None = None
    tool_calls: Count | None = None
    retries: Count | None = None
    calls: Annotated[int, Meta(ge=1, le=MOST_CALLS)] | None = None
    decisions: Annotated[list[Text], Meta(max_length=MOST_DECISIONS)] | None = None
    decided_calls: Count | None = None
    undecided_reason: Text | None = None
    account: Annotated[str, Meta(max_length=100)] | None = None
    called_by: Text | None = None
    trace_id: Text | None = None
    test: bool | None = None
    outcome: dict[str, Any] | None = None
    # OpenTelemetry's names of the same.
    otel_model: Short | UnsetType = msgspec.field(
        default=UNSET, name="gen_ai.request.model"
    )
    otel_input: Tokens | UnsetType = msgspec.field(
        default=UNSET, name="gen_ai.usage.input_tokens"
    )
    otel_output: Tokens | UnsetType = msgspec.field(
        default=UNSET, name="gen_ai.usage.output_tokens"
    )

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Input and output; none where one is missing, or the model is."""
        sent, out = self.input_tokens, self.output_tokens
        if sent is UNSET:
            sent = self.otel_input
        if out is UNSET:
            out = self.otel_output
        unnamed = self.model is UNSET and self.otel_model is UNSET
        if sent is UNSET or out is UNSET or unnamed:
            return None
        return sent, out

    @property
    def model_name(self) -> str:
        return self.otel_model if self.model is UNSET else self.model  # type: ignore[return-value]


class _Body(Struct, forbid_unknown_fields=True):
    events: list[Event]


KNOWN_NAMES = frozenset(Event.__struct_encode_fields__)
OTEL = "gen_ai."
_read_body = msgspec.json.Decoder(_Body).decode


@dataclass(slots=True)
class Refused:
    """One event that is not counted, and why."""

    index: int
    code: str
    detail: str
    body: Any
    id: str | None = None


@dataclass(slots=True)
class Batch:
    """Events by their place in the body, those that have no form, and whether every
    text is plain: without a character that SQL's array literals would escape."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    size: int = 0
    is_plain: bool = False


class TooManyEvents(TooLarge):
    code = "too_many_events"
    title = "More events than one call takes"


def read_batch(content: bytes, media_type: str = JSON) -> Batch:
    """The events of a body. Raises where the body itself cannot be read."""
    if media_type == JSON:
        try:
            events = _read_body(content).events
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return batch_of(_sent_events(_parsed(content)))
        _require_few(len(events))
        # Without a backslash, JSON has neither quotes nor control characters in texts.
        plain = b"\\" not in content
        if plain:
            return Batch(list(enumerate(events)), size=len(events), is_plain=True)
        return batch_of(_sent_events(_parsed(content)))
    parsed = _parsed(content)
    if media_type == CLOUD_EVENT:
        parsed = [parsed]
    if not isinstance(parsed, list):
        raise _not_a_list("The body is a list of CloudEvents.", "")
    return batch_of(parsed, clouds=True)


def batch_of(sent: Sequence[Any], *, clouds: bool = False) -> Batch:
    """Each event read alone."""
    _require_few(len(sent))
    batch = Batch(size=len(sent))
    for index, one in enumerate(sent):
        try:
            batch.events.append((index, read_event(one, cloud=clouds)))
        except ValueError as error:
            batch.refused.append(
                Refused(index, "invalid_event", str(error)[:500], one, _id_of(one))
            )
    return batch


def read_event(sent: Any, *, cloud: bool = False) -> Event:
    """One event from plain objects. ValueError says what is wrong with it."""
    if not isinstance(sent, dict):
        raise ValueError("An event is an object.")  # noqa: TRY004 - one kind for all
    members = _of_cloud_event(sent) if cloud else sent
    _require_storable(members)
    known = {
        name: value
        for name, value in members.items()
        # OpenTelemetry sends more than is counted here.
        if name in KNOWN_NAMES or not name.startswith(OTEL)
    }
    try:
        return msgspec.convert(known, Event)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _of_cloud_event(sent: Mapping[str, Any]) -> dict[str, Any]:
    if sent.get("specversion") != "1.0":
        raise ValueError("A CloudEvent has the specversion 1.0.")
    if sent.get("type") != CLOUD_TYPE:
        raise ValueError(f"A CloudEvent of usage has the type {CLOUD_TYPE}.")
    data = sent.get("data")
    if not isinstance(data, dict):
        raise ValueError("A CloudEvent of usage has its data as an object.")  # noqa: TRY004
    envelope = ("id", "source", "time")
    twice = [name for name in envelope if name in data]
    if twice:
        raise ValueError(f"{twice[0]} stands in the envelope, not in data.")
    return {**data, **{name: sent[name] for name in envelope if name in sent}}


def _require_storable(value: Any, depth: int = 0) -> None:
    if depth > 8:
        raise ValueError("It nests deeper than 8 levels.")
    if isinstance(value, str):
        if unstorable_character(value):
            raise ValueError("A text holds a character that cannot be stored.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _require_storable(name, depth)
            _require_storable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _require_storable(inner, depth + 1)


def _parsed(content: bytes) -> Any:
    """Leniently: a figure that cannot be an integer is one event's fault alone."""
    try:
        return json.loads(
            content.decode(), parse_int=_integer, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        raise MalformedBody(f"Byte {error.start} of the body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise MalformedBody("The body nests too deep.") from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 19 else digits[:60]


def _constant(name: str) -> Any:
    raise MalformedBody(f"{name} is not JSON.")


def _sent_events(body: Any) -> list[Any]:
    if not isinstance(body, dict):
        raise _not_a_list("The body is an object with a list `events`.", "")
    unknown = sorted(set(body) - {"events"})
    if unknown:
        detail = f"{unknown[0][:60]} is not known here; the body has `events`."
        raise Invalid(
            detail, errors=[FieldError(f"/{unknown[0][:60]}", "unknown_field", detail)]
        )
    events = body.get("events")
    if not isinstance(events, list):
        raise _not_a_list("`events` is a list.", "/events")
    return events


def _not_a_list(detail: str, pointer: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, "invalid", detail)])


def _require_few(events: int) -> None:
    if events > MOST_EVENTS:
        raise TooManyEvents(
            f"{events:,} events; one call takes {MOST_EVENTS:,}. Nothing was counted.",
            extra={"limit": MOST_EVENTS},
        )


def _id_of(sent: Any) -> str | None:
    found = sent.get("id") if isinstance(sent, dict) else None
    if not isinstance(found, str) or unstorable_character(found):
        return None
    return found[:200]
