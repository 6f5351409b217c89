"""The audit page: filter, read, verify, export."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from portal.kernel.chain import Checkpoint
from portal.kernel.services import audit
from tests.conftest import NOW

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def as_(cast, client):
    def sign_in(username: str):
        client.force_login(getattr(cast, username), backend=BACKEND)
        return client

    return sign_in


@pytest.fixture
def trail(cast):
    """Four entries: a transition, an edit, a signature, an import by the system."""
    audit.record(
        "workload.transitioned",
        "workload/W-01",
        actor=cast.pia,
        now=NOW - timedelta(days=2),
        before={"status": "candidate"},
        after={"status": "planned"},
        reason="The quarter has room.",
    )
    audit.record(
        "workload.edited",
        "workload/W-02",
        actor=cast.sarah,
        now=NOW - timedelta(days=1),
        before={"name": "<b>old</b>", "hours": 4},
        after={"name": "<b>new</b>", "hours": 6},
    )
    audit.record(
        "signoff.given",
        "workload/W-02",
        actor=cast.noor,
        now=NOW,
        after={"role": "ops", "verdict": "approve", "version": 2},
    )
    audit.record("plan.imported", "plan/scale-out", actor=None, now=NOW)


def rows(response) -> list[str]:
    return re.findall(r'id="entry-([0-9]+)"', response.content.decode())


def said(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_entries_stand_newest_first_with_before_and_after(as_, trail):
    response = as_("nils").get("/audit/")

    page = response.content.decode()
    assert rows(response) == ["4", "3", "2", "1"]
    assert "status: <del>candidate</del> → <ins>planned</ins>" in page
    assert "&lt;b&gt;new&lt;/b&gt;" in page
    assert "<b>new" not in page
    assert "The quarter has room." in page
    assert "the system" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=pia", ["1"]),
        ("action=signoff.given", ["3"]),
        ("object=W-02", ["3", "2"]),
        ("object=workload/W-02", ["3", "2"]),
        ("object=w-02&actor=noor", ["3"]),
        ("since=2026-05-11", ["4", "3", "2"]),
        ("until=2026-05-11", ["2", "1"]),
        ("since=2026-05-11&until=2026-05-11", ["2"]),
        ("actor=nobody", []),
        ("since=yesterday", ["4", "3", "2", "1"]),
        ("older=3", ["2", "1"]),
        ("newer=2", ["4", "3"]),
        ("older=x", ["4", "3", "2", "1"]),
        ("older=99999999999999999999", ["4", "3", "2", "1"]),
    ],
)
def test_filters_stand_in_the_address(as_, trail, query, expected):
    response = as_("nils").get(f"/audit/?{query}")

    assert response.status_code == 200
    assert rows(response) == expected


def test_no_fit_says_what_to_do(as_, trail):
    page = said(as_("nils").get("/audit/?actor=nobody"))
    assert "No entry fits these filters." in page


def test_pages_go_on_by_entry_and_come_back(as_, cast, monkeypatch):
    monkeypatch.setattr("portal.views.audit.PAGE_SIZE", 2)
    for number in range(5):
        audit.record("workload.edited", f"workload/W-0{number}", actor=None, now=NOW)
    client = as_("nils")

    first = client.get("/audit/")
    second = client.get("/audit/?older=4")
    third = client.get("/audit/?older=2")
    back = client.get("/audit/?newer=1")

    assert [rows(page) for page in (first, second, third, back)] == [
        ["5", "4"],
        ["3", "2"],
        ["1"],
        ["3", "2"],
    ]
    assert "entries 4–5 of 5" in said(first)
    assert 'rel="next" href="/audit/?older=4"' in first.content.decode()
    assert 'rel="next"' not in third.content.decode()


@pytest.mark.parametrize(("entries", "queries"), [(1, 6), (3, 6)])
def test_audit_takes_the_same_queries_for_one_and_for_three(
    as_, cast, django_assert_num_queries, entries, queries
):
    for _ in range(entries):
        audit.record("workload.edited", "workload/W-01", actor=cast.pia, now=NOW)
    client = as_("nils")

    with django_assert_num_queries(queries):
        client.get("/audit/")


def test_verify_says_that_the_chain_is_whole(as_, trail):
    client = as_("adele")

    page = client.get("/audit/verify/")
    part = client.get("/audit/verify/", headers={"HX-Request": "true"})

    assert "The chain is whole. 4 entries" in said(page)
    assert "The chain is whole." in said(part)
    assert "<html" not in part.content.decode()


def test_verify_names_the_first_broken_entry(as_, trail):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE portal_auditentry SET reason = 'x' WHERE id = 2")
        cursor.execute("SET session_replication_role = DEFAULT")

    page = said(as_("adele").get("/audit/verify/"))

    assert "The chain is broken at entry 2." in page


@pytest.mark.parametrize("address", ["/audit/export/", "/audit/checkpoint/"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("adele", 200), ("clara", 200), ("ada", 200), ("pia", 403), ("nils", 403)],
)
def test_export_is_for_auditor_committee_and_administrator(
    as_, trail, who, status, address
):
    assert as_(who).get(address).status_code == status


def test_who_may_not_export_sees_who_can(as_, trail):
    page = as_("pia").get("/audit/")

    assert 'aria-disabled="true"' in page.content.decode()
    assert "An auditor, a committee member or an administrator can." in said(page)


def test_export_is_exactly_what_the_filters_show_oldest_first(as_, trail):
    response = as_("adele").get("/audit/export/?object=W-02")

    lines = [json.loads(line) for line in b"".join(response).splitlines()]
    assert [line["id"] for line in lines] == [2, 3]
    assert lines[1]["actor"] == "noor"
    assert lines[1]["after"] == {"role": "ops", "verdict": "approve", "version": 2}
    assert lines[1]["previous_hash"] == lines[0]["hash"]
    assert "attachment" in response["Content-Disposition"]


def test_checkpoint_is_one_that_the_verifier_reads(as_, trail):
    response = as_("adele").get("/audit/checkpoint/")

    assert Checkpoint.from_json(response.content.decode()).id == 4


# --- Against a checkpoint that was exported -------------------------------------------


def compared(client, content: bytes | None):
    file = SimpleUploadedFile("checkpoint.json", content or b"")
    sent = {} if content is None else {"checkpoint": file}
    return client.post("/audit/verify/", sent)


def test_a_checkpoint_is_uploaded_and_agrees(as_, trail):
    client = as_("adele")
    exported = client.get("/audit/checkpoint/").content
    audit.record("plan.imported", "plan", actor=None, now=NOW)

    page = compared(as_("nils"), exported)

    assert page.status_code == 200
    assert "The chain is whole. 5 entries" in said(page)
    assert "Entry 4 is as in the checkpoint of" in said(page)
    assert 'name="checkpoint"' in client.get("/audit/").content.decode()


def test_a_cut_tail_is_found_by_the_uploaded_checkpoint(as_, trail):
    client = as_("adele")
    exported = client.get("/audit/checkpoint/").content
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM portal_auditentry WHERE id > 2")
        cursor.execute("SET session_replication_role = DEFAULT")

    assert "The chain is whole." in said(client.get("/audit/verify/"))
    page = said(compared(client, exported))

    assert "The chain is broken at entry 3." in page
    assert "the checkpoint has 4 entries and the trail ends after 2." in page
    assert "It was compared with the checkpoint of" in page


CHANGED = json.dumps(
    {"id": 2, "hash": "0" * 64, "at": "2026-05-12T09:00:00+00:00", "sha256": "x"}
).encode()

OF_NO_TIME = Checkpoint(2, "0" * 64, datetime(1, 1, 1, tzinfo=UTC)).to_json().encode()


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (None, 400, "Choose the file of a checkpoint first."),
        (b"", 400, "This file is not a checkpoint."),
        (b"\xff\xfe", 400, "This file is not a checkpoint."),
        (b"[]", 400, "This file is not a checkpoint."),
        (b"[" * 4000, 400, "This file is not a checkpoint."),
        (b'{"id": Infinity}', 400, "This file is not a checkpoint."),
        (OF_NO_TIME, 400, "This file is not a checkpoint."),
        (CHANGED, 400, "This checkpoint was changed after it was exported."),
        (CHANGED + b" " * 4096, 413, "this file is over 4 kB"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_the_reason(
    as_, trail, content, status, why
):
    page = compared(as_("nils"), content)

    assert page.status_code == status
    assert why in said(page)
    assert "Back to the trail" in said(page)
