"""The approvals inbox: what waits for whom, the ticket, and the press on it."""

import csv
import io
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from portal.kernel import clock
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, toasts, words
from workloads.enums import EstimateState, SignRole, Status, Verdict
from workloads.models import Estimate, Signoff, SignoffEnd, Workload
from workloads.services.deputies import name_deputy
from workloads.services.lifecycle import advance
from workloads.services.signoff_ends import lapse_signatures, withdraw_signature

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

OPS = "/approvals/W-01/1/ops/"
SHORT = {"engineering": "ines", "finance": "felix", "ops": "noor"}


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.fixture
def waiting(cast: SimpleNamespace) -> Estimate:
    return stories.submitted(stories.proposed(cast), cast.sarah)


def approve(estimate: Estimate, **changed: str) -> dict[str, str]:
    return {"verdict": "approve", "sha256": estimate.sha256, **changed}


# --- the list ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "yours", "others"),
    [("noor", 1, 2), ("ines", 1, 2), ("felix", 1, 2), ("sarah", 0, 3), ("clara", 0, 3)],
)
def test_everyone_sees_what_waits_and_which_of_it_is_theirs(
    as_, waiting, who, yours, others
):
    page = words(as_(who).get("/approvals/"))

    assert f"Yours · {yours}" in page
    assert f"Other roles · {others}" in page


@pytest.mark.parametrize(("who", "count"), [("noor", "1"), ("sarah", "0")])
def test_the_badge_counts_what_this_person_can_sign(as_, waiting, who, count):
    page = as_(who).get("/approvals/").content.decode()

    assert (f'<span class="count">{count}<' in page) is (count != "0")


def test_an_empty_inbox_says_what_will_stand_there(as_):
    page = words(as_("noor").get("/approvals/"))

    assert "Nothing waits for a signature." in page
    assert "A submitted estimate stands here until" in page


def test_how_long_it_waits_stands_in_working_days(as_, waiting, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=9))

    assert "waited 7 working days" in words(as_("noor").get("/approvals/"))


# --- the ticket ----------------------------------------------------------------------


def test_the_ticket_shows_what_is_signed_the_own_budget_first(as_, waiting):
    page = words(as_("noor").get(OPS))

    assert page.index("Ops hours: to sign here") < page.index("Compute: waits for")
    assert "Stable hours — 6 h/week" in page
    assert "Peak concurrent sessions, its own — 72.69" in page
    assert f"sha256 {waiting.sha256}" in page
    assert "You are signing ops hours: 6 h/week." in page
    assert "Engineering and finance are still missing after yours." in page


def test_the_ticket_shows_what_changed_since_the_last_signature(cast, as_):
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, users=5000, ops_hours_week=8)

    page = words(as_("noor").get("/approvals/W-01/2/ops/"))

    assert "v1, signed 12 May 2026 Change v2, to sign" in page
    assert "Stable hours 6 h/week +2 · +33 % 8 h/week" in page
    assert "Users 4,200 users +800 · +19 % 5,000 users" in page
    assert "6 → 8 h/week" in page


def test_a_lapsed_signature_says_who_gave_it_and_that_nothing_changed(
    cast, as_, monkeypatch
):
    workload = stories.live(cast)
    after = NOW.replace(year=2027, month=1, day=1)
    monkeypatch.setattr(clock, "now", lambda: after)
    unseen = words(as_("noor").get(OPS))
    lapse_signatures(number=workload.number, now=after)

    page = words(as_("noor").get(OPS))

    for said in (unseen, page):
        assert (
            "Noor Haddad signed these same numbers on 12 May 2026; the signature lapsed "
            "on 31 Dec 2026. Nothing changed since." in said
        )
        assert "v1, signed 12 May 2026 Change v1, to sign again" in said
        assert "Stable hours 6 h/week same 6 h/week" in said
        assert "Ops hours: lapsed on 31 Dec 2026, to sign again" in said
        assert "none before" not in said
        assert "Compare v1 with v1" not in said


def test_a_renewal_shows_the_numbers_that_its_signer_signed(cast, as_, monkeypatch):
    stories.planned(cast)
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(month=12, day=20))

    page = words(as_("noor").get(OPS))

    assert (
        "Noor Haddad signed these same numbers on 12 May 2026; the signature lapses on "
        "31 Dec 2026. Nothing changed since." in page
    )
    assert "v1, signed 12 May 2026 Change v1, to sign again" in page


def test_a_signature_taken_back_is_none_before(cast, as_, waiting):
    stories.press(waiting, cast.noor, SignRole.OPS)
    withdraw_signature(
        number=1,
        version=1,
        role=SignRole.OPS,
        actor=cast.noor,
        reason="Too early.",
        now=NOW,
    )

    page = words(as_("noor").get(OPS))

    assert "none before" in page
    assert "signed these same numbers" not in page


def test_the_last_signature_says_what_it_completes(as_, cast, waiting):
    stories.press(waiting, cast.ines, SignRole.ENGINEERING)
    stories.press(waiting, cast.felix, SignRole.FINANCE)

    page = words(as_("noor").get(OPS))

    assert "With it all three are given and v1 is signed" in page
    assert "W-01 can then be moved to planned." in page
    assert "Tokens: signed by Felix Arndt, 12 May" in page
    assert "yours is the last" in page


def test_a_committed_workload_shows_what_its_hours_do_to_the_quarters(cast, as_):
    workload = stories.committed(cast)
    stories.submitted(workload, cast.sarah, ops_hours_week=8)

    page = words(as_("noor").get("/approvals/W-01/2/ops/"))

    assert "2026-Q2 ops 18 → 20 of 4,000 h/week 3,980 left" in page
    assert "2026-Q3 ops 6 → 8 h/week" in page


def test_a_candidate_says_that_its_hours_count_once_it_is_committed(as_, waiting):
    page = words(as_("noor").get(OPS))

    assert "its 6 h/week count in 2026-Q2 once it is committed" in page


def test_sources_are_counted_and_a_declared_figure_is_marked(cast, as_):
    stories.submitted(stories.proposed(cast), cast.sarah, sources={"users": "pilot"})

    page = words(as_("felix").get("/approvals/"))

    assert "Sources 1 pilot measured, " in page
    assert "declared as one figure, not by the formula" in page


# --- signing -------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(SHORT))
def test_a_signature_is_one_press_and_can_be_taken_back(as_, waiting, role):
    signer = as_(SHORT[role])
    address = f"/approvals/W-01/1/{role}/"
    shown = signer.get(address)

    done = signer.post(
        address, {"verdict": "approve", "sha256": field(shown, "sha256")}, follow=True
    )

    signoff = Signoff.objects.get()
    assert (signoff.role, signoff.verdict) == (role, Verdict.APPROVE)
    assert toasts(done) == [
        f"{SignRole(role).budget.capitalize()} of W-01 signed. Withdraw"
    ]
    assert done.redirect_chain == [("/approvals/", 302)]


def test_the_form_carries_the_hash_that_was_on_the_screen(as_, waiting):
    assert field(as_("noor").get(OPS), "sha256") == waiting.sha256


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"sha256": "0" * 64}, 412, "The numbers you saw are not those of W-01 v1"),
        ({"sha256": ""}, 428, "Say which numbers you sign"),
    ],
)
def test_a_stale_press_signs_nothing_and_says_so(as_, waiting, sent, status, said):
    refused = as_("noor").post(OPS, approve(waiting, **sent))

    assert refused.status_code == status
    assert said in words(refused)
    assert not Signoff.objects.exists()


def test_a_press_on_a_superseded_version_leads_back_to_what_waits(cast, as_, waiting):
    stories.submitted(waiting.workload, cast.sarah, users=5000)

    refused = as_("noor").post(OPS, approve(waiting))

    assert refused.status_code == 409
    assert "this version is superseded and takes no signature" in words(refused)
    assert "See what waits" in words(refused)


def test_a_second_press_is_told_that_it_is_given(cast, as_, waiting):
    noor = as_("noor")
    noor.post(OPS, approve(waiting))

    again = noor.post(OPS, approve(waiting))

    assert again.status_code == 409
    assert Signoff.objects.count() == 1


def test_a_given_signature_is_shown_without_a_button(cast, as_, waiting):
    stories.press(waiting, cast.noor, SignRole.OPS)

    page = words(as_("noor").get(OPS))

    assert "Nothing to sign here." in page
    assert "You are signing" not in page


# --- who cannot ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "role", "said"),
    [
        ("felix", "ops", "The ops signature is not yours to give. Noor Haddad can."),
        ("sarah", "ops", "The ops signature is not yours to give. Noor Haddad can."),
        ("adele", "finance", "The finance signature is not yours to give. Felix"),
    ],
)
def test_who_cannot_sign_reads_why_and_who_can(as_, waiting, who, role, said):
    reader = as_(who)

    page = words(reader.get(f"/approvals/W-01/1/{role}/"))
    refused = reader.post(f"/approvals/W-01/1/{role}/", approve(waiting))

    assert said in page
    assert refused.status_code == 403
    assert not Signoff.objects.exists()


def test_an_owner_with_the_role_reads_why_it_is_not_theirs(cast, as_):
    cast.noor.roles = ["ops", "owner"]
    cast.noor.save()
    cast.clara.roles = ["committee", "ops"]
    cast.clara.save()
    stories.submitted(stories.proposed(cast, owner=cast.noor), cast.pia)

    page = words(as_("noor").get(OPS))

    assert "the owner of a workload does not sign its estimate. Clara Boyd can." in page
    assert "Yours · 0" in page


def test_an_unknown_role_signs_nothing(as_, waiting):
    refused = as_("noor").get("/approvals/W-01/1/legal/")

    assert refused.status_code == 404


# --- refusing, withdrawing, renewing -------------------------------------------------


def test_a_refusal_closes_the_version_and_opens_the_next(as_, waiting):
    done = as_("noor").post(
        OPS,
        approve(waiting, verdict="refuse", reason="Two hours are too few."),
        follow=True,
    )

    assert toasts(done) == ["v1 of W-01 is refused; a draft is open."]
    assert Estimate.objects.get(version=1).state == EstimateState.REFUSED
    assert Estimate.objects.get(version=2).state == EstimateState.DRAFT


def test_a_refusal_without_a_reason_keeps_the_form_open(as_, waiting):
    refused = as_("noor").post(OPS, approve(waiting, verdict="refuse", reason=" "))

    assert refused.status_code == 400
    assert "Say why, so that the next version mends it." in words(refused)
    assert 'class="confirm refuse" open' in refused.content.decode()
    assert not Signoff.objects.exists()


def test_a_signature_is_withdrawn_with_a_reason(cast, as_, waiting):
    stories.press(waiting, cast.noor, SignRole.OPS)
    noor, address = as_("noor"), "/workloads/W-01/estimates/1/ops/withdraw/"

    without = noor.post(address, {"sha256": waiting.sha256, "reason": ""})
    done = noor.post(
        address, {"sha256": waiting.sha256, "reason": "Wrong row."}, follow=True
    )

    assert without.status_code == 400
    assert toasts(done) == ["Your ops signature on v1 is withdrawn."]
    assert SignoffEnd.objects.get().reason == "Wrong row."


def test_a_signature_in_use_shows_its_withdrawal_dashed(cast, as_):
    stories.planned(cast)

    assert "W-01 is planned on it." in words(as_("noor").get("/workloads/W-01/"))


def test_a_signature_that_lapses_soon_is_renewed_by_its_signer(cast, as_, monkeypatch):
    estimate = stories.signed(stories.proposed(cast), cast)
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(month=12, day=20))
    noor = as_("noor")

    page = words(noor.get("/approvals/"))
    done = noor.post(OPS, approve(estimate), follow=True)

    assert "renew: nothing changed" in page
    assert "lapses 31 Dec, in 11 days" in page
    assert "Renew ops hours" in page
    assert toasts(done) == ["Ops hours of W-01 renewed. Withdraw"]
    assert Signoff.objects.get(renews__isnull=False).lapses_on == date(2027, 6, 30)


# --- deputies ------------------------------------------------------------------------


def test_a_deputy_is_named_signs_and_is_taken_back(cast, as_, waiting):
    noor, nils = as_("noor"), as_("nils")
    span = {"role": "ops", "deputy": cast.nils.pk, "from_day": "2026-05-12"}

    named = noor.post("/settings/deputies/", {**span, "until": "2026-05-20"})
    shown = words(nils.get("/approvals/"))
    nils.post(OPS, approve(waiting))

    assert named.status_code == 302
    assert "for Noor Haddad" in shown
    assert "As deputy, for Noor Haddad." in shown
    signoff = Signoff.objects.get()
    assert (signoff.signer, signoff.on_behalf_of) == (cast.nils, cast.noor)
    assert "signed ops hours for Noor Haddad" in words(nils.get("/workloads/W-01/"))

    number = cast.noor.deputies.get().pk
    assert noor.post(f"/settings/deputies/{number}/end/").status_code == 302
    assert not cast.noor.deputies.exists()


@pytest.mark.parametrize(
    ("until", "status"), [("2026-05-11", 400), ("soon", 400), ("2026-05-12", 302)]
)
def test_the_last_day_of_a_deputy_is_not_past(cast, as_, until, status):
    sent = {
        "role": "ops",
        "deputy": cast.nils.pk,
        "from_day": "2026-05-10",
        "until": until,
    }

    assert as_("noor").post("/settings/deputies/", sent).status_code == status


def test_who_signs_nothing_names_no_deputy(cast, as_):
    sarah = as_("sarah")
    sent = {"role": "ops", "deputy": cast.nils.pk, "from_day": "2026-05-12"}

    page = words(sarah.get("/settings/deputies/"))
    refused = sarah.post("/settings/deputies/", {**sent, "until": "2026-05-20"})

    assert "You sign nothing." in page
    assert refused.status_code == 403


def test_another_persons_deputy_stays(cast, as_):
    row = name_deputy(
        actor=cast.noor,
        role=SignRole.OPS,
        deputy=cast.nils,
        from_day=NOW.date(),
        until_day=NOW.date(),
        now=NOW,
    )

    assert as_("felix").post(f"/settings/deputies/{row.pk}/end/").status_code == 403


# --- home ----------------------------------------------------------------------------


def test_home_lists_signatures_refusals_and_what_is_ready_to_move(cast, as_):
    first = stories.submitted(stories.proposed(cast), cast.sarah)
    stories.press(first, cast.felix, SignRole.FINANCE, Verdict.REFUSE, "A guess.")
    second = stories.proposed(cast, name="Second")
    stories.signed(second, cast)
    third = stories.proposed(cast, name="Third")
    stories.submitted(third, cast.sarah)

    signer, owner = words(as_("noor").get("/")), words(as_("sarah").get("/"))

    assert "W-03 Sign ops hours, estimate v1" in signer
    assert "Answer the refusal of v1" in owner
    assert "W-02 Move it to planned" in owner


def test_home_forgets_what_was_moved(cast, as_):
    workload = stories.proposed(cast)
    stories.signed(workload, cast)
    advance(number=1, to=Status.PLANNED, actor=cast.sarah, reason="", now=NOW)

    page = words(as_("sarah").get("/"))
    assert "Move it to planned" not in page
    assert "Write its success criteria" in page
    assert Workload.objects.get().status == Status.PLANNED


# --- queries -------------------------------------------------------------------------


@pytest.mark.parametrize("workloads", [1, 3])
@pytest.mark.parametrize("query", ["", "?role=ops&q=workload&only=yours&wait=sign"])
def test_the_inbox_takes_the_same_queries_for_one_and_for_three(
    cast, as_, django_assert_num_queries, workloads, query
):
    for n in range(workloads):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
    client = as_("noor")

    with django_assert_num_queries(17):
        client.get(f"/approvals/{query}")


@pytest.mark.parametrize("workloads", [1, 3])
def test_the_export_takes_the_same_queries_for_one_and_for_three(
    cast, as_, django_assert_num_queries, workloads
):
    for n in range(workloads):
        stories.submitted(stories.proposed(cast, name=f"Workload {n}"), cast.sarah)
    client = as_("noor")

    with django_assert_num_queries(4):
        client.get("/approvals/export.csv")


# --- filters, views and files --------------------------------------------------------


@pytest.fixture
def two(cast: SimpleNamespace) -> list[Estimate]:
    """W-01 of Sarah for 2026-Q2, W-02 of Marcus for 2026-Q3."""
    second = {"name": "=Drafts()", "owner": cast.marcus, "ship_quarter": "2026Q3"}
    return [
        stories.submitted(stories.proposed(cast), cast.sarah),
        stories.submitted(stories.proposed(cast, **second), cast.marcus),
    ]


@pytest.mark.parametrize(
    ("query", "yours", "others"),
    [
        ("", 2, 4),
        ("role=ops", 2, 0),
        ("role=finance", 0, 2),
        ("quarter=2026Q3", 1, 2),
        ("owner=marcus&role=ops", 1, 0),
        ("only=yours", 2, 0),
        ("q=W-02", 1, 2),
        ("wait=sign&q=support", 1, 2),
        ("role=nonsense&wait=-&only=x&order=y&page=0", 2, 4),
        (f"page={'9' * 5000}", 2, 4),
    ],
)
def test_the_address_narrows_the_inbox(as_, two, query, yours, others):
    page = words(as_("noor").get(f"/approvals/?{query}"))

    assert f"Yours · {yours}" in page
    assert (f"Other roles · {others}" in page) == bool(others)


def test_filters_go_along_from_line_to_line_and_through_the_press(as_, two):
    noor = as_("noor")
    query = "?role=ops&order=ref"
    listed = noor.get(f"/approvals/{query}&wait=").content.decode()

    done = noor.post(f"{OPS}{query}", approve(two[0]))

    kept = "?role=ops&amp;order=ref"
    assert f'href="/approvals/W-02/1/ops/{kept}"' in listed
    assert f'action="/approvals/W-01/1/ops/{kept}"' in listed
    assert done.headers["Location"] == f"/approvals/{query}"


def test_the_bar_works_without_a_script_and_keeps_what_was_asked(as_, two):
    page = as_("noor").get(f"{OPS}?role=ops&only=yours&order=newest").content.decode()

    assert '<form class="bar" role="search" method="get" action="/approvals/">' in page
    assert '<input type="hidden" name="only" value="yours">' in page
    assert '<option value="ops" selected>Ops: ops hours</option>' in page
    assert '<option value="newest" selected>Newest first</option>' in page
    assert '<button class="btn">Show</button>' in page


def test_nothing_that_fits_says_what_to_do(as_, two):
    page = as_("noor").get("/approvals/?quarter=2031Q1")

    assert "Nothing that waits fits these filters." in words(page)
    assert 'href="/approvals/">Show everything</a>' in page.content.decode()
    asked = '<option value="2031Q1" selected>2031-Q1</option>'
    assert asked in page.content.decode()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("role=ops", "Two signatures that wait fit these filters; two of them are"),
        ("q=W-02&role=finance", "One signature that waits fits these filters; it is n"),
        ("q=W-02&role=ops", "One signature that waits fits these filters; it is your"),
        ("q=W-02", "Three signatures that wait fit these filters; one of them is y"),
    ],
)
def test_the_lede_counts_what_fits(as_, two, query, said):
    assert said in words(as_("noor").get(f"/approvals/?{query}"))


def test_a_saved_view_of_the_inbox_is_a_chip_of_it(as_, two):
    noor = as_("noor")
    query = "role=ops&only=yours"
    asked = f"{query}&q=&order=oldest&page=1"
    offered = noor.get(f"/approvals/?{asked}").content.decode()
    noor.post(
        "/settings/views/new/",
        {"name": "My ops", "page": "workloads:approvals", "query": query},
    )

    page = noor.get(f"/approvals/?{query}").content.decode()

    saves = "?page=workloads:approvals&amp;query=role%3Dops%26only%3Dyours"
    assert f'href="/settings/views/new/{saves}"' in offered
    chip = f'href="/approvals/?{query.replace("&", "&amp;")}" aria-current="true"'
    assert f"{chip}>My ops</a>" in page


def test_a_queue_longer_than_a_page_goes_on(as_, two, monkeypatch):
    monkeypatch.setattr("workloads.views.signoffs.ITEMS_A_PAGE", 2)
    monkeypatch.setattr("workloads.views.inbox_bar.ITEMS_A_PAGE", 2)
    noor = as_("noor")

    first, last = noor.get("/approvals/?order=ref"), noor.get("/approvals/?page=3")

    assert "1–2 of 6" in words(first)
    assert 'href="/approvals/?order=ref&amp;page=2"' in first.content.decode()
    assert "5–6 of 6" in words(last)
    assert "Yours · 2" in words(last)
    assert "Nothing waits for you." not in words(last)


def test_a_signature_on_another_page_is_signed_at_its_own_address(
    as_, two, monkeypatch
):
    monkeypatch.setattr("workloads.views.signoffs.ITEMS_A_PAGE", 1)

    page = words(as_("noor").get("/approvals/W-02/1/ops/"))

    assert "Yours · 2" in page
    assert "You are signing ops hours: 6 h/week." in page


def test_the_export_is_what_is_shown_with_formulas_made_harmless(as_, two):
    answer = as_("noor").get("/approvals/export.csv?role=ops&order=ref&only=yours")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="approvals-2026-05-12.csv"'
    )
    assert [(row["Ref"], row["Workload"]) for row in rows] == [
        ("W-01", "Customer support chat"),
        ("W-02", "'=Drafts()"),
    ]
    assert rows[1] == {
        "Ref": "W-02",
        "Workload": "'=Drafts()",
        "Version": "1",
        "Signature": "ops",
        "Waits for": "a signature",
        "Figure": "ops hours a week",
        "Last in force": "",
        "To sign": "6",
        "Waiting since": "2026-05-12",
        "Working days": "0",
        "Lapses on": "",
        "Yours": "yes",
        "Deputy for": "",
        "Owner": "Marcus Webb",
        "Department": "",
        "Status": "candidate",
        "Ship quarter": "Q3-2026",
    }


def test_the_export_names_the_figure_in_force_before(cast, as_):
    stories.submitted(stories.committed(cast), cast.sarah, users=5000, ops_hours_week=8)

    rows = as_("noor").get("/approvals/export.json").json()["rows"]

    assert [
        (row["Signature"], row["Last in force"], row["To sign"]) for row in rows
    ] == [
        ("ops", 6, 8),
        ("engineering", 4200, 5000),
        ("finance", 2_184_000_000, 2_600_000_000),
    ]


@pytest.mark.parametrize(
    ("kind", "status"), [("xlsx", 200), ("json", 200), ("pdf", 404)]
)
def test_the_export_has_the_kinds_of_the_plan(as_, two, kind, status):
    assert as_("adele").get(f"/approvals/export.{kind}").status_code == status
