"""Who opens the admin, what stands in it, and that nothing is deleted in it."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import NoReverseMatch, reverse

from capacity.models import (
    DecisionRequest,
    GateEpoch,
    SpendCounter,
    UsageArrival,
    UsageByDay,
    UsageByHour,
    UsageDay,
    UsageEvent,
    UsageHour,
    UsageKey,
    UsageSession,
    UserCounter,
)
from portal.kernel.admin.base import HouseAdmin
from portal.kernel.enums import Role
from portal.kernel.models import AuditEntry, User
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories

OPENS = ("clara", "ada", "adele")
HOUSE = ("portal", "workloads", "capacity", "governance")
REGISTERED = list(admin.site._registry.values())


def url(model_admin: HouseAdmin, page: str, *args: object) -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


# --- Who -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "username",
    ["sarah", "marcus", "pia", "ines", "felix", "noor", "dana", "gateway", "nils"],
)
def test_whoever_has_no_say_there_is_told_who_can(cast, username) -> None:
    answer = client_of(getattr(cast, username)).get("/admin/")

    assert answer.status_code == 403
    assert "A committee member, an administrator or an auditor can." in (
        answer.content.decode()
    )


@pytest.mark.parametrize("username", OPENS)
def test_committee_administrators_and_auditors_open_it(cast, username) -> None:
    assert client_of(getattr(cast, username)).get("/admin/").status_code == 200


def test_a_superuser_without_the_role_has_no_say(cast) -> None:
    User.objects.filter(pk=cast.nils.pk).update(is_superuser=True, is_staff=True)

    assert (
        client_of(User.objects.get(pk=cast.nils.pk)).get("/admin/").status_code == 403
    )


def test_an_anonymous_visitor_goes_to_the_one_sign_in(db: None) -> None:
    answer = Client().get("/admin/workloads/workload/", follow=True)

    assert answer.redirect_chain[-1][0] == "/sign-in/?next=/admin/workloads/workload/"


def test_no_password_is_taken_at_the_admin_itself(cast) -> None:
    cast.clara.set_password("a long enough one")
    cast.clara.save(update_fields=["password"])
    client = Client()

    client.post("/admin/login/", {"username": "clara", "password": "a long enough one"})

    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("name", ["password_change", "password_change_done"])
def test_a_password_changes_only_on_the_settings_page(name) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}")


def test_signing_out_leads_to_the_sign_in(cast) -> None:
    answer = client_of(cast.clara).post("/admin/logout/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")


# --- What ----------------------------------------------------------------------------


def test_every_table_of_the_house_stands_in_it() -> None:
    ours = {
        model for label in HOUSE for model in apps.get_app_config(label).get_models()
    }

    left = ours - set(admin.site._registry)

    # Django's admin takes no key of several columns: these stand in it by their views.
    by_views = {UsageDay, UsageHour, UserCounter, SpendCounter, UsageEvent}
    # Keys that say that something was there, and nothing else.
    plumbing = {DecisionRequest, GateEpoch, UsageArrival, UsageKey, UsageSession}
    assert left == by_views | plumbing
    assert {UsageByDay, UsageByHour} <= set(admin.site._registry)


def test_only_what_the_house_describes_itself_stands_in_it() -> None:
    assert all(isinstance(one, HouseAdmin) for one in REGISTERED)
    assert Group not in admin.site._registry


NAMES = {
    "portal": """API tokens, accounts, audit entries, deliveries of webhooks,
        kept answers, numbers of the model, outgoing messages, saved views, webhooks""",
    "capacity": """accounts, acknowledged bundles, alerts, closings of quarters, compute actuals,
        compute lines, counters, counters of users, decision requests,
        decisions, draws on the reserve, exceptions of gates, gate epochs,
        gates, kill switches, log of recalibrations, metered opt-ins, money
        counters, money spent, ops actuals, proposals of ceilings, rate card,
        recalibrations, refused events, reported events, reservations, results
        of recalibrations, sheets of actuals, sizes of the reserve, spend
        alerts, spend limits, staffing, sums of usage by day, sums of usage by
        hour, tiers of gates, token actuals, usage arrivals, usage by day, usage
        by hour, usage events, usage keys, usage sessions, usage sources""",
    "workloads": """baselines, departments, deputies, ends of signatures, estimates,
        proofs of readiness, reminders, signatures, steps of the lifecycle,
        success criteria, uploaded sheets, workloads""",
}


@pytest.mark.parametrize("label", NAMES)
def test_each_table_is_called_what_people_call_it(label) -> None:
    models = apps.get_app_config(label).get_models()

    names = sorted(str(model._meta.verbose_name_plural) for model in models)

    assert names == [" ".join(name.split()) for name in NAMES[label].split(",")]


@pytest.mark.parametrize("model_admin", REGISTERED, ids=str)
def test_every_list_and_page_opens_and_can_be_searched(cast, model_admin) -> None:
    workload = stories.live(cast)
    stories.moved(workload, stories.Status.RETIRED, cast.clara, reason="Done.")
    client = client_of(cast.clara)

    assert client.get(url(model_admin, "changelist")).status_code == 200
    for words in ("W-01", "sarah", "%", "'"):
        answer = client.get(url(model_admin, "changelist"), {"q": words})
        assert answer.status_code == 200
    for row in model_admin.model._default_manager.all()[:2]:
        assert client.get(url(model_admin, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model_admin", REGISTERED, ids=str)
def test_every_list_has_search_and_a_filter(model_admin) -> None:
    assert model_admin.search_fields
    assert model_admin.list_filter


# --- Nothing is deleted --------------------------------------------------------------


@pytest.fixture
def mighty(cast) -> User:
    """Every role at once, and a superuser."""
    User.objects.filter(pk=cast.clara.pk).update(
        roles=[str(role) for role in Role], is_superuser=True
    )
    return User.objects.get(pk=cast.clara.pk)


@pytest.mark.parametrize("model_admin", REGISTERED, ids=str)
def test_nothing_is_deleted_whoever_asks(cast, mighty, model_admin) -> None:
    stories.live(cast)
    client = client_of(mighty)
    row = model_admin.model._default_manager.first()
    before = model_admin.model._default_manager.count()

    answer = client.post(
        url(model_admin, "delete", row.pk if row else 1), {"post": "yes"}
    )
    client.post(
        url(model_admin, "changelist"),
        {"action": "delete_selected", "_selected_action": [1], "post": "yes"},
    )

    assert answer.status_code == 409
    assert model_admin.model._default_manager.count() == before


READ_ONLY = (
    "capacity/modelprice",
    "capacity/computeline",
    "capacity/staffing",
    "capacity/reservesize",
    "capacity/reservedraw",
    "capacity/computeactual",
    "capacity/opsactual",
    "capacity/tokenactual",
    "capacity/quarterevent",
    "capacity/recalibrationrun",
    "capacity/recalibrationresult",
    "capacity/recalibrationline",
    "capacity/actualsimport",
    "capacity/usagebyday",
    "capacity/usagebyhour",
    "portal/auditentry",
    "portal/outboxmessage",
    "portal/apitoken",
    "workloads/estimate",
    "workloads/signoff",
    "workloads/signoffend",
    "workloads/statusstep",
    "workloads/planbaseline",
    "workloads/deputy",
)


@pytest.mark.parametrize("page", READ_ONLY)
def test_records_are_neither_added_nor_changed_whoever_asks(cast, mighty, page) -> None:
    stories.planned(cast)
    client = client_of(mighty)
    entries = AuditEntry.objects.count()

    assert client.post(f"/admin/{page}/add/", {}).status_code == 409
    assert client.post(f"/admin/{page}/1/change/", {}).status_code == 409
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("model_admin", REGISTERED, ids=str)
def test_an_auditor_changes_nothing(cast, model_admin) -> None:
    stories.planned(cast)
    client = client_of(cast.adele)
    entries = AuditEntry.objects.count()
    row = model_admin.model._default_manager.first()

    change = client.post(url(model_admin, "change", row.pk if row else 1), {})
    add = client.post(url(model_admin, "add"), {})

    assert change.status_code in (403, 409)
    assert add.status_code in (403, 409)
    assert AuditEntry.objects.count() == entries


def test_the_pages_keep_to_the_strict_policy(cast) -> None:
    stories.planned(cast)
    client = client_of(cast.clara)

    for page in ("/admin/", "/admin/workloads/workload/", "/admin/portal/user/"):
        answer = client.get(page)
        body = answer.content.decode()
        assert "style-src 'self'" in answer["Content-Security-Policy"]
        assert "<style" not in body
        assert ' style="' not in body
        assert "<script>" not in body
