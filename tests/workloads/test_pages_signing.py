"""The press on a ticket: signing, refusing, taking back, and deputies."""

from datetime import date
from types import SimpleNamespace

import pytest

from portal.kernel import clock
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.approvals import OPS, SHORT, approve
from tests.workloads.pages import Reader, field, toasts, words
from workloads.enums import EstimateState, SignRole, Verdict
from workloads.models import Estimate, Signoff, SignoffEnd
from workloads.services.deputies import name_deputy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.fixture
def waiting(cast: SimpleNamespace) -> Estimate:
    return stories.submitted(stories.proposed(cast), cast.sarah)


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
