"""Bodies: what cannot be read, kept or meant is a clear 4xx, and nothing is written."""

import pytest

THINGS = "/api/probe/things/"
DEEP = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

UNREADABLE = [
    (b"", "application/json", 400, "invalid", "/name"),
    (b"{", "application/json", 400, "malformed", None),
    (b"[1]", "application/json", 400, "invalid", ""),
    (b"null", "application/json", 400, "invalid", ""),
    (b'"x"', "application/json", 400, "invalid", ""),
    (b"7", "application/json", 400, "invalid", ""),
    (b'{"name": "\xff"}', "application/json", 400, "malformed", None),
    ('{"name": "ä"}'.encode("utf-16"), "application/json", 400, "malformed", None),
    (b'{"name": "a\\u0000b"}', "application/json", 400, "malformed", "/name"),
    (b'{"name": "\\ud800"}', "application/json", 400, "malformed", "/name"),
    (b'{"a\\u0000": 1}', "application/json", 400, "malformed", ""),
    (b'{"name": NaN}', "application/json", 400, "malformed", None),
    (b'{"users": 1e400}', "application/json", 400, "malformed", None),
    (b'{"ratio": 1e-400}', "application/json", 400, "malformed", None),
    (b'{"users": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed", None),
    (b'{"name": "a", "name": "b"}', "application/json", 400, "malformed", None),
    (DEEP, "application/json", 400, "malformed", None),
    (b'{"x":' * 40 + b"1" + b"}" * 40, "application/json", 400, "malformed", None),
    (b'{"name": "a"}', "text/plain", 415, "unsupported_media_type", None),
    (b"<a/>", "application/xml", 415, "unsupported_media_type", None),
    (
        b"name=a",
        "application/x-www-form-urlencoded",
        415,
        "unsupported_media_type",
        None,
    ),
    (
        b'{"name": "a"}',
        "application/json; charset=latin-1",
        415,
        "unsupported_media_type",
        None,
    ),
    (b"x" * (10 * 1024 * 1024 + 1), "application/json", 413, "too_large", None),
]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code", "pointer"),
    UNREADABLE,
    ids=[f"{code} {body[:24]!r}" for body, _, _, code, _ in UNREADABLE],
)
def test_a_body_that_cannot_be_read_is_refused(
    body, kind, status, code, pointer, cast, caller_of, probe
):
    answer = caller_of(cast.pia)("POST", THINGS, body, Content_Type=kind)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    if pointer is not None:
        assert pointer in [error["pointer"] for error in told["errors"]]
    assert probe.done == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", 5, "invalid"),
        ("name", True, "invalid"),
        ("name", None, "null"),
        ("name", "", "blank"),
        ("name", "x" * 21, "max_length"),
        ("name", ["a"], "invalid"),
        ("users", "5", "invalid"),
        ("users", True, "invalid"),
        ("users", 5.5, "invalid"),
        ("users", 5.0, "invalid"),
        ("users", 10**30, "max_value"),
        ("users", -1, "min_value"),
        ("price", 12.5, "invalid"),
        ("price", "12,50", "invalid"),
        ("price", "1e3", "invalid"),
        ("price", "-1", "min_value"),
        ("price", "1.234", "places"),
        ("ratio", "0.5", "invalid"),
        ("ratio", 1.5, "max_value"),
        ("ratio", False, "invalid"),
        ("quarter", "2026Q5", "invalid"),
        ("quarter", 20262, "invalid"),
        ("role", "king", "invalid_choice"),
        ("role", ["owner"], "invalid_choice"),
        ("sensitive", "true", "invalid"),
        ("sensitive", 1, "invalid"),
        ("parts", {}, "not_a_list"),
        ("unheard_of", 1, "unknown_field"),
        ("status", "live", "read_only"),
    ],
)
def test_a_value_is_taken_as_its_type_and_nothing_near_it(
    field, value, code, cast, caller_of, probe
):
    body = {"name": "fine", field: value}

    answer = caller_of(cast.pia)("POST", THINGS, body)

    assert answer.status_code == 400
    told = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert told == [(f"/{field}", code)]
    assert probe.done == []


def test_every_wrong_field_is_named_with_its_pointer(cast, caller_of, probe):
    body = {"users": "5", "a/b": 1, "parts": [{"share": 0.5}, {"share": 2, "x": 1}]}

    answer = caller_of(cast.pia)("POST", THINGS, body)

    told = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert answer.json()["code"] == "invalid"
    assert told == {
        ("/name", "required"),
        ("/users", "invalid"),
        ("/a~1b", "unknown_field"),
        ("/parts/1/share", "max_value"),
        ("/parts/1/x", "unknown_field"),
    }


def test_values_arrive_in_their_own_types(cast, caller_of, probe):
    body = b"""{"name": " Chat ", "users": 800, "price": "12.50", "ratio": 0.72,
                "quarter": "2026-Q2", "role": "ops", "sensitive": false}"""

    answer = caller_of(cast.pia)("POST", THINGS, body)

    assert answer.status_code == 201
    seen = {name: str(value) for name, value in probe.done[0].items()}
    assert seen == {
        "name": "Chat",
        "users": "800",
        "price": "12.50",
        "ratio": "0.72",
        "quarter": "2026Q2",
        "role": "ops",
        "sensitive": "False",
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?x=1", "unknown_parameter"),
        ("?dry_run=maybe", "invalid_parameter"),
        ("?dry_run=true&dry_run=true", "invalid_parameter"),
        ("?dry_run=%00", "malformed"),
        ("?dry_run=%FF", "malformed"),
        ("?%00=1", "malformed"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(query, code, cast, caller_of, probe):
    answer = caller_of(cast.pia)("POST", THINGS + query, {"name": "x"})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert probe.done == []


UPLOADS = [
    (b"a,b", "text/csv", 200),
    (b"a" * 1001, "text/csv", 413),
    (b"{}", "application/json", 415),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
    (b"broken", "multipart/form-data", 400),
]


@pytest.mark.parametrize(("body", "kind", "status"), UPLOADS)
def test_a_file_comes_as_the_body_itself(body, kind, status, cast, caller_of, probe):
    answer = caller_of(cast.pia)("POST", "/api/probe/upload/", body, Content_Type=kind)

    assert answer.status_code == status
    assert probe.done == ([body] if status == 200 else [])


def test_a_file_comes_in_a_form(cast, caller_of, probe):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\na,b\r\n--x--\r\n"
    )
    kind = "multipart/form-data; boundary=x"

    answer = caller_of(cast.pia)("POST", "/api/probe/upload/", body, Content_Type=kind)

    assert answer.json()["name"] == "p.csv"
    assert probe.done == [b"a,b"]
