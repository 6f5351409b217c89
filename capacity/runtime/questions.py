"""One question of a runtime: read quickly where it is plainly right, else by the book.

The quick reading takes only what the API's strict reading would take unchanged; whatever
it is in doubt about goes there. So both doors refuse alike, with the same pointers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from portal.kernel.api.bodies import parse_json, refuse_unstorable
from portal.kernel.api.fields import Flag, Integer, Text
from portal.kernel.api.serializers import StrictSerializer, read_body

MOST_EXPECTED = 10**12
"""Tokens of one call: nothing comes near, and sums of such still fit the database."""
LENGTHS = {
    "workload": 50,
    "tier": 60,
    "user": 100,
    "agent": 200,
    "request_id": 200,
    "model": 100,
    "account": 100,
    "trace_id": 200,
}
REQUIRED = frozenset({"workload", "tier", "user"})
# What an answer shows and a question cannot set: 400 `read_only` instead of unknown.
SHOWN = frozenset(
    {
        *("decision", "action", "model", "level", "signals", "gate", "gate_version"),
        *("consumed_tokens", "ceiling_tokens", "remaining_tokens", "reserved_tokens"),
        *("consumed", "projected", "resets_at", "reason", "reason_code"),
    }
)


def _optional(name: str) -> Text:
    return Text(
        max_length=LENGTHS[name], required=False, allow_null=True, allow_blank=True
    )


class QuestionBody(StrictSerializer):
    """May this call run, and on which model?"""

    workload = Text(max_length=LENGTHS["workload"], help_text="W-01")
    tier = Text(max_length=LENGTHS["tier"])
    user = Text(max_length=LENGTHS["user"], help_text="An opaque reference.")
    agent = _optional("agent")
    expected_tokens = Integer(
        min_value=0,
        max_value=MOST_EXPECTED,
        required=False,
        allow_null=True,
        help_text="Reserved with the decision, settled by the usage event.",
    )
    request_id = _optional("request_id")
    model = _optional("model")
    account = _optional("account")
    trace_id = _optional("trace_id")
    test = Flag(required=False)


class Question(NamedTuple):
    """`expected`: tokens; none and 0 are the same."""

    workload: str
    tier: str
    user: str
    agent: str = ""
    expected: int | None = None
    request_id: str = ""
    model: str = ""
    account: str = ""
    trace_id: str = ""
    test: bool = False


def read_question(body: bytes) -> Question:
    """Raises MalformedBody or Invalid with a pointer to each wrong field."""
    return _quickly(body) or _strictly(body)


def question_of(values: Mapping[str, Any]) -> Question:
    """Of a body that was judged."""
    get = values.get
    return Question(
        values["workload"],
        values["tier"],
        values["user"],
        get("agent") or "",
        get("expected_tokens"),
        get("request_id") or "",
        get("model") or "",
        get("account") or "",
        get("trace_id") or "",
        bool(get("test")),
    )


def _strictly(body: bytes) -> Question:
    value = parse_json(body) if body else {}
    refuse_unstorable(value)
    return question_of(read_body(QuestionBody, value, shown=SHOWN))


def _quickly(body: bytes) -> Question | None:
    # With an escape in it, a text is not what it looks like.
    if b"\\" in body:
        return None
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(sent) is not dict or not sent.keys() >= REQUIRED:
        return None
    texts = sum(type(value) is str for value in sent.values())
    if not all(_is_plain(name, value) for name, value in sent.items()):
        return None
    # A member that stands twice leaves more quotes than names and texts account for.
    if body.count(b'"') != 2 * (len(sent) + texts):
        return None
    return question_of(sent)


def _is_plain(name: str, value: Any) -> bool:
    if type(value) is str:
        return 0 < len(value) <= LENGTHS.get(name, 0) and value == value.strip()
    if name == "expected_tokens":
        return type(value) is int and 0 <= value <= MOST_EXPECTED
    return name == "test" and type(value) is bool
