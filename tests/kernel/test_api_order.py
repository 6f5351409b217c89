"""Refusals come in one order: 401, 404, 403, 428, 412, 400, whatever else is wrong."""

import pytest

from portal.kernel.enums import Scope

THING = "/api/probe/things/T-1/"
NOWHERE = "/api/probe/things/T-9/"
CURRENT = '"T-1.3"'

# Each row mends the first thing that the row above was refused for.
ORDER = [
    ("nobody", NOWHERE, None, None, 401, "not_signed_in"),
    ("reader", NOWHERE, None, None, 404, "not_found"),
    ("reader", THING, None, None, 403, "insufficient_scope"),
    ("owner", THING, None, None, 403, "not_allowed"),
    ("planner", THING, None, None, 428, "precondition_required"),
    ("planner", THING, '"T-1.2"', None, 412, "stale"),
    ("planner", THING, CURRENT, None, 400, "malformed"),
    ("planner", THING, CURRENT, {"nmae": "x"}, 400, "unknown_field"),
    ("planner", THING, CURRENT, {"status": "live"}, 400, "read_only"),
    ("planner", THING, CURRENT, {"name": "x"}, 200, None),
]


@pytest.mark.parametrize(("who", "path", "if_match", "body", "status", "code"), ORDER)
def test_each_refusal_comes_before_those_after_it(
    who, path, if_match, body, status, code, cast, caller_of, probe
):
    call = {
        "nobody": lambda: caller_of(None),
        "reader": lambda: caller_of(cast.sarah, Scope.PLAN_READ),
        "owner": lambda: caller_of(cast.sarah),
        "planner": lambda: caller_of(cast.pia),
    }[who]()
    headers = {"If_Match": if_match} if if_match else {}

    answer = call("PATCH", path, b"{not json" if body is None else body, **headers)

    assert answer.status_code == status
    assert answer.json().get("code") == code
    assert len(probe.done) == (1 if status == 200 else 0)


MATCHES = [
    (CURRENT, 200),
    ("*", 200),
    (f'"other", {CURRENT}', 200),
    (f"{CURRENT},", 200),
    (f"W/{CURRENT}", 412),
    ("T-1.3", 412),
    ('"T-1.2"', 412),
    ("", 428),
    ("   ", 428),
]


@pytest.mark.parametrize(("if_match", "status"), MATCHES)
def test_if_match_compares_strongly(if_match, status, cast, caller_of, probe):
    answer = caller_of(cast.pia)("PATCH", THING, {"name": "x"}, If_Match=if_match)

    assert answer.status_code == status
    if status != 200:
        assert answer["ETag"] == CURRENT


@pytest.mark.parametrize(("if_match", "version"), [(CURRENT, 3), ("*", None)])
def test_the_use_case_is_told_the_version_that_was_meant(
    if_match, version, cast, caller_of, probe
):
    caller_of(cast.pia)("PATCH", THING, {"name": "x"}, If_Match=if_match)

    assert probe.done == [(version, {"name": "x"})]


def test_delete_needs_the_version_too(cast, caller_of, probe):
    call = caller_of(cast.pia)

    assert call("DELETE", THING).status_code == 428
    assert call("DELETE", THING, If_Match=CURRENT).status_code == 204
    assert probe.done == ["deleted"]


@pytest.mark.parametrize(
    ("if_none_match", "status"), [(CURRENT, 304), (f"W/{CURRENT}", 304), ('"x"', 200)]
)
def test_a_version_that_is_known_is_not_sent_again(
    if_none_match, status, cast, caller_of, probe
):
    answer = caller_of(cast.pia)("GET", THING, If_None_Match=if_none_match)

    assert answer.status_code == status
    assert answer["ETag"] == CURRENT


def test_a_method_that_is_not_there_names_those_that_are(cast, caller_of, probe):
    answer = caller_of(cast.pia)("PUT", THING, {})

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, PATCH, DELETE"
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("part", ["T-1%00", "%00", "T%FF", "%ED%A0%80"])
def test_a_name_that_no_text_can_hold_is_not_found(part, cast, caller_of, probe):
    answer = caller_of(cast.pia)("GET", f"/api/probe/things/{part}/")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
