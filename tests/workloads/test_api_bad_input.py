"""Bodies that no rule should ever see: a clear 4xx, and nothing written."""

import pytest

from portal.kernel.models import AuditEntry
from tests.workloads import stories
from workloads.models import (
    Department,
    Deputy,
    Estimate,
    PlanBaseline,
    ReadinessItem,
    Signoff,
    StatusStep,
    SuccessCriterion,
    Workload,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1"
ONE = f"{V1}/workloads/W-01"
JSON = "application/json"

# Who may send it, so that nothing but the body stands in the way.
ADDRESSES = [
    ("POST", f"{V1}/workloads/", "pia"),
    ("PATCH", f"{ONE}/", "sarah"),
    ("POST", f"{ONE}/transitions/", "sarah"),
    ("POST", f"{ONE}/estimates/", "sarah"),
    ("PATCH", f"{ONE}/estimates/1/", "sarah"),
    ("POST", f"{ONE}/success-criteria/", "sarah"),
    ("POST", f"{ONE}/production-readiness/", "sarah"),
    ("POST", f"{V1}/plan/baselines/", "clara"),
    ("POST", f"{V1}/departments/", "clara"),
    ("POST", f"{V1}/deputies/", "felix"),
]
MEGABYTE = 1024 * 1024

BODIES = {
    "not JSON": (b"{name: 1}", JSON, 400),
    "half a JSON": (b'{"name": "x"', JSON, 400),
    "two JSONs": (b"{}{}", JSON, 400),
    "a list": (b"[]", JSON, 400),
    "a list of bodies": (b'[{"name": "x"}]', JSON, 400),
    "a text": (b'"name"', JSON, 400),
    "null": (b"null", JSON, 400),
    "NaN": (b'{"name": NaN}', JSON, 400),
    "infinity": (b'{"users": -Infinity}', JSON, 400),
    "a member twice": (b'{"name": "x", "name": "y"}', JSON, 400),
    "a huge number": (b'{"users": 1' + b"0" * 400 + b"}", JSON, 400),
    "a huge exponent": (b'{"users": 1e999999}', JSON, 400),
    "a NUL byte": (b'{"name": "a\\u0000b"}', JSON, 400),
    "a raw NUL": (b'{"name": "a\x00b"}', JSON, 400),
    "half a surrogate": (b'{"name": "\\ud800"}', JSON, 400),
    "a NUL in a name": (b'{"na\\u0000me": 1}', JSON, 400),
    "Latin-1": ('{"name": "Café"}'.encode("latin-1"), JSON, 400),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), JSON, 400),
    "another charset": (b"{}", f"{JSON}; charset=latin-1", 415),
    "deep nesting": (b"[" * 100_000 + b"]" * 100_000, JSON, 400),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, JSON, 400),
    "an unknown field": (b'{"no_such_field": 1}', JSON, 400),
    "many unknown fields": (
        b"{" + b",".join(b'"f%d": 1' % n for n in range(5_000)) + b"}",
        JSON,
        400,
    ),
    "a form": (b"name=x", "application/x-www-form-urlencoded", 415),
    "XML": (b"<name>x</name>", "application/xml", 415),
    "of no type": (b"{}", "", 415),
    "oversized": (b'{"name": "' + b"x" * (10 * MEGABYTE) + b'"}', JSON, 413),
}
TABLES = (
    Workload,
    Estimate,
    Signoff,
    StatusStep,
    SuccessCriterion,
    ReadinessItem,
    PlanBaseline,
    Department,
    Deputy,
)


def written():
    counts = [table.objects.count() for table in TABLES]
    entries = AuditEntry.objects.exclude(action="token.issued").count()
    return [*counts, entries, *Workload.objects.values_list("version", flat=True)]


@pytest.fixture
def world(cast, api):
    stories.drafted(stories.proposed(cast), cast.sarah)
    return api


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_cannot_be_read_is_refused_everywhere(world, kind):
    body, media_type, status = BODIES[kind]
    before = written()

    answers = {
        (method, path): world(who)(
            method, path, body, Content_Type=media_type, If_Match="*"
        )
        if method == "PATCH"
        else world(who)(method, path, body, Content_Type=media_type)
        for method, path, who in ADDRESSES
    }

    assert {
        one: answer.status_code for one, answer in answers.items()
    } == dict.fromkeys(answers, status)
    for answer in answers.values():
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"]
        assert len(answer.content) < 40_000
    assert written() == before


WRONG_TYPES = [None, True, 0, -1, 1.5, 10**30, "", "x" * 600, [], [1], {}, {"a": 1}]
FIELDS = {
    f"{V1}/workloads/": (
        "pia",
        {"name": "New"},
        "name owner purpose department shape ship_quarter model_tier cost_gate"
        " audience compliance_sensitive stakeholders hours_to_add",
    ),
    f"{ONE}/transitions/": ("sarah", {"to": "live"}, "to reason"),
    f"{ONE}/success-criteria/": (
        "sarah",
        {"metric": "m", "baseline": "0", "target": "1", "due_on": "2026-09-30"},
        "metric due_on",
    ),
    f"{ONE}/production-readiness/": (
        "sarah",
        {"item": "load_test", "link": "https://a.example", "done_on": "2026-05-01"},
        "item link done_on load_test_factor",
    ),
    f"{V1}/departments/": ("clara", {"code": "x", "name": "X"}, "code name head"),
    f"{V1}/deputies/": (
        "felix",
        {
            "role": "finance",
            "deputy": "clara",
            "from": "2026-05-12",
            "until": "2026-05-13",
        },
        "role deputy from until",
    ),
}


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_survives_every_type(world, path):
    who, right, names = FIELDS[path]

    for name in names.split():
        for value in WRONG_TYPES:
            answer = world(who)("POST", path, {**right, name: value})
            # A conflict with what an earlier value made is as clear an answer.
            assert answer.status_code in {200, 201, 400, 409}, (name, value)
            if answer.status_code == 400:
                told = answer.json()["errors"]
                assert {one["pointer"].split("/")[1] for one in told} == {name}


@pytest.mark.parametrize(
    "query",
    [
        "?ref=%00",
        "?search=%00",
        "?search=%ff",
        "?owner=%ed%a0%80",
        "?cursor=%00",
        "?cursor=bm9uc2Vuc2U",
        "?limit=1e3",
        "?limit=٣",
        "?limit=1&limit=2",
        f"?search={'x' * 600}",
    ],
)
def test_a_wrong_query_is_refused(world, query):
    answer = world("nils")("GET", f"{V1}/workloads/{query}")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_wrong_idempotency_key_is_refused(world, key):
    before = written()

    answer = world("pia")(
        "POST", f"{V1}/workloads/", {"name": "New"}, Idempotency_Key=key
    )

    assert answer.status_code == 400
    assert written() == before
