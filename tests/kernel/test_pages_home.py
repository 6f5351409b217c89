"""Home, find, navigation, sign-in: the pages that belong to no app."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from portal.kernel import clock
from portal.kernel.enums import Role
from portal.kernel.pages import joints
from portal.kernel.services import audit
from portal.navigation import SECTIONS, entries_for

BACKEND = "django.contrib.auth.backends.ModelBackend"
HERE = "tests.kernel.test_pages_home"


@pytest.fixture
def as_(cast, client):
    def sign_in(username: str):
        client.force_login(getattr(cast, username), backend=BACKEND)
        return client

    return sign_in


def said(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# What an app would plug in.


def waiting(user, now):
    today = clock.today(now)
    yield joints.Waiting("Open the gate", "Day 9 of 30.", "/c", "Open gate", None)
    yield joints.Waiting(
        "Sign ops hours",
        "Yours is the last.",
        "/b",
        "Sign",
        today + timedelta(1),
        "W-02",
    )
    yield joints.Waiting("Hold the review", "Late.", "/a", "Open", today - timedelta(2))


def figures(user, now):
    for number in range(6):
        yield joints.Figure(f"Figure {number}", str(number), load=number, limit=5)


def two_waiting(user, now):
    return 2


def find_w_04(user, words, limit):
    if words.upper() in "W-04":
        yield joints.Found(
            "W-04",
            "Code review assistant",
            "/workloads/W-04/",
            "Planned",
            exact=words.upper() == "W-04",
        )


# --- home ----------------------------------------------------------------------------


def test_home_lists_what_waits_by_due_date(as_, settings):
    settings.HOME_WAITING = [f"{HERE}.waiting"]

    page = said(as_("noor").get("/"))

    assert "Three things wait for you" in page
    late, soon, undated = (
        page.index(words)
        for words in ("Hold the review", "Sign ops hours", "Open the gate")
    )
    assert late < soon < undated
    assert "2 days over" in page
    assert "Tomorrow" in page


def test_home_says_when_nothing_waits(as_):
    assert "Nothing waits for you" in said(as_("nils").get("/"))


def test_home_shows_four_figures_never_five(as_, settings):
    settings.HOME_FIGURES = [f"{HERE}.figures"]

    page = said(as_("nils").get("/"))

    assert "Figure 3" in page
    assert "Figure 4" not in page


def test_home_tells_what_others_changed_since_the_last_visit(as_, cast):
    now = clock.now()
    cast.noor.last_visit_at = now - timedelta(days=1)
    cast.noor.save()
    for who, moment in (
        (cast.pia, now - timedelta(days=2)),
        (cast.sarah, now - timedelta(hours=1)),
        (cast.noor, now - timedelta(hours=1)),
    ):
        audit.record(
            "workload.edited",
            f"workload/{who.username}",
            actor=who,
            now=moment,
            before={"name": "old"},
            after={"name": "new"},
        )

    page = said(as_("noor").get("/"))

    assert "Since yesterday" in page
    assert "· Sarah Lind" in page
    assert "· Pia Novak" not in page
    assert "· Noor Haddad" not in page


@pytest.mark.parametrize(("entries", "queries"), [(1, 18), (3, 18)])
def test_home_takes_the_same_queries_for_one_and_for_three(
    as_, cast, django_assert_num_queries, entries, queries
):
    now = clock.now()
    cast.noor.last_visit_at = now - timedelta(days=1)
    cast.noor.save()
    for _ in range(entries):
        audit.record("workload.edited", "workload/W-01", actor=cast.pia, now=now)
    client = as_("noor")

    with django_assert_num_queries(queries):
        client.get("/")


@pytest.fixture
def whole_house(monkeypatch):
    """Every page of the navigation, whichever apps are there."""
    addresses = {
        "portal:home": "/",
        "portal:audit": "/audit/",
        "workloads:plan-table": "/plan/",
        "workloads:plan-roadmap": "/plan/roadmap/",
        "workloads:departments": "/departments/",
        "workloads:approvals": "/approvals/",
        "capacity:budgets": "/capacity/",
        "capacity:scenarios": "/capacity/scenarios/",
        "capacity:actuals": "/capacity/actuals/",
        "capacity:recalibration": "/capacity/recalibration/",
        "capacity:rates": "/capacity/rates/",
        "capacity:usage": "/capacity/usage/",
        "gates:list": "/gates/",
        "gates:alerts": "/gates/alerts/",
        "gates:switches": "/gates/switches/",
        "gates:limits": "/gates/limits/",
        "gates:accounts": "/gates/accounts/",
    }
    monkeypatch.setattr("portal.navigation._address", addresses.__getitem__)


# --- navigation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "has_audit", "has_approvals"),
    [
        ((), False, True),
        ((Role.OWNER,), False, True),
        ((Role.ENGINEERING,), False, True),
        ((Role.FINANCE,), False, True),
        ((Role.OPS,), False, True),
        ((Role.COMMITTEE,), True, True),
        ((Role.AUDITOR,), True, False),
        ((Role.AUDITOR, Role.OPS), True, True),
        ((Role.OPS, Role.COMMITTEE), True, True),
    ],
)
def test_a_role_sees_its_entries(roles, has_audit, has_approvals):
    names = [
        section.name
        for section in SECTIONS
        if section.is_shown_to([str(role) for role in roles])
    ]

    assert ("Audit" in names) == has_audit
    assert ("Approvals" in names) == has_approvals
    assert names[:2] == ["Home", "Plan"]


def test_every_entry_of_the_navigation_has_its_page():
    for section in SECTIONS:
        for place in (section, *section.pages):
            assert reverse(place.url_name)


def test_sub_pages_open_for_the_current_section_only(whole_house):
    entries = {entry.name: entry for entry in entries_for(["committee"], "/plan/")}

    assert [page.current for page in entries["Plan"].pages] == [True, False, False]
    assert entries["Approvals"].pages == ()
    assert entries["Audit"].pages == ()


def test_an_object_lights_its_section(whole_house):
    entries = entries_for(["ops"], "/workloads/W-01/")
    assert [entry.name for entry in entries if entry.current] == ["Plan"]


def test_a_gate_lights_the_gates_and_not_the_plan(whole_house):
    for path in ("/workloads/W-01/gate/", "/workloads/W-01/gate/2/", "/gates/alerts/"):
        entries = entries_for(["ops"], path)
        assert [entry.name for entry in entries if entry.current] == ["Gates"], path


def test_a_hidden_entry_still_opens_where_reading_is_allowed(as_):
    client = as_("sarah")

    assert 'href="/audit/"' not in client.get("/find/").content.decode()
    assert client.get("/audit/").status_code == 200


def test_the_badge_counts_what_waits_for_this_person(as_, settings, whole_house):
    settings.APPROVALS_WAITING = [f"{HERE}.two_waiting"]

    page = as_("noor").get("/find/").content.decode()

    assert '<span class="count">2<span class="vh"> waiting</span></span>' in page


@pytest.mark.parametrize("address", ["/", "/find/", "/audit/", "/settings/"])
def test_a_page_has_one_title_its_landmarks_and_no_inline_code(as_, address):
    page = as_("clara").get(address).content.decode()

    assert page.startswith("<!doctype html>")
    assert page.count("<h1") == 1
    assert page.count("<main") == 1
    assert 'class="skip" href="#main"' in page
    assert 'aria-label="Main"' in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)
    assert "{#" not in page


def test_pages_come_under_a_strict_content_policy(as_):
    policy = as_("nils").get("/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


# --- find ----------------------------------------------------------------------------


def test_find_goes_to_an_exact_reference(as_, settings):
    settings.FIND_SOURCES = [f"{HERE}.find_w_04"]

    response = as_("nils").get("/find/?q=w-04")

    assert response["Location"] == "/workloads/W-04/"


def test_a_reference_in_the_address_leads_to_its_object(as_, settings):
    settings.FIND_SOURCES = [f"{HERE}.find_w_04"]
    client = as_("nils")

    assert client.get("/W-04")["Location"] == "/workloads/W-04/"
    assert client.get("/W-99").status_code == 404


def test_find_lists_pages_as_a_page_and_for_the_palette(as_):
    client = as_("nils")

    page = client.get("/find/?q=numbers")
    part = client.get("/find/?q=numbers", headers={"HX-Request": "true"})

    assert "Numbers of the model" in said(page)
    assert "Numbers of the model" in said(part)
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("words", ["", "zzz", "%00", "a" * 5000, "<script>", "%25"])
def test_find_bears_what_people_type(as_, words):
    response = as_("nils").get(f"/find/?q={words}")

    assert response.status_code in {200, 400}
    assert "<script>" not in response.content.decode()


# --- signing in ----------------------------------------------------------------------


@pytest.fixture
def noor_with_password(cast):
    cast.noor.set_password("a long password")
    cast.noor.save()
    return cast.noor


def sign_in(client, username: str, password: str, **more):
    return client.post(
        "/sign-in/", {"username": username, "password": password, **more}
    )


def test_signing_in_leads_to_where_one_wanted_to_go(client, noor_with_password):
    response = sign_in(client, "noor", "a long password", next="/audit/")
    assert response["Location"] == "/audit/"


def test_signing_in_never_leads_out_of_the_house(client, noor_with_password):
    response = sign_in(client, "noor", "a long password", next="https://evil.example/")
    assert response["Location"] == "/"


def test_five_failures_lock_the_account_however_it_was_typed(
    client, noor_with_password
):
    for name in ("noor", "NOOR", "Noor", " noor", "nOOr"):
        last = sign_in(client, name, "wrong")

    right = sign_in(client, "noor", "a long password")

    assert last.status_code == 429
    assert right.status_code == 429
    assert "This account is locked for 15 minutes." in said(right)


def test_a_lock_is_on_the_account_and_not_on_the_address(client, cast):
    cast.pia.set_password("a long password")
    cast.pia.save()
    for _ in range(6):
        sign_in(client, "noor", "wrong")

    assert sign_in(client, "pia", "a long password").status_code == 302


def test_a_wrong_password_and_an_unknown_name_are_told_alike(
    client, noor_with_password
):
    wrong = said(sign_in(client, "noor", "wrong"))
    unknown = said(sign_in(client, "nobody", "wrong"))

    sentence = "Name and password do not belong together."
    assert sentence in wrong
    assert sentence in unknown


def test_signing_out_takes_a_form_and_not_a_link(as_):
    client = as_("nils")

    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("path", "current", "is_page"),
    [
        ("/capacity/", ["Budgets"], True),
        ("/capacity/actuals/", ["Actuals"], True),
        ("/capacity/actuals/variance/", ["Actuals"], False),
        ("/capacity/actuals/import/7/", ["Actuals"], False),
        ("/capacity/recalibration/3/", ["Recalibration"], False),
        ("/capacity/elsewhere/", [], False),
    ],
)
def test_a_page_below_another_marks_that_one(path, current, is_page) -> None:
    entries = {entry.name: entry for entry in entries_for(["ops"], path)}

    pages = [page for page in entries["Capacity"].pages if page.current]

    assert [page.name for page in pages] == current
    assert any(page.is_page for page in pages) is is_page


@pytest.mark.parametrize(
    ("path", "mark"), [("", "page"), ("variance/", "true"), ("import/", "true")]
)
def test_actuals_are_marked_on_their_pages(as_, path, mark) -> None:
    body = as_("noor").get(f"/capacity/actuals/{path}").content.decode()

    marked = f'<a href="/capacity/actuals/" aria-current="{mark}">Actuals</a>'
    assert body.count(marked) == 2
