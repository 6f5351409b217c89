"""Problem pages: in the portal's dress, with what happened, what to do and the request."""

import re

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import path

from portal.kernel.enums import Source
from portal.kernel.errors import (
    Conflict,
    FieldError,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionRequired,
    Problem,
    Stale,
    TooMany,
)
from portal.kernel.middleware.problem_pages import database_away
from portal.kernel.services import audit
from portal.urls import (
    handler400,
    handler403,
    handler404,
    handler500,
)
from portal.urls import (
    urlpatterns as portal_urls,
)
from tests.conftest import NOW

__all__ = ["handler400", "handler403", "handler404", "handler500"]


class RequirementsNotMet(Conflict):
    code = "requirements_not_met"
    title = "W-03 cannot be committed yet"


REQUIREMENTS = [
    {"code": "owner_named", "met": True, "message": "Owner named.", "link": None},
    {
        "code": "ops_headroom",
        "met": False,
        "message": "2026-Q3 needs 43 h/week and has 40: 3 over.",
        "link": "/plan/roadmap/",
    },
]

PROBLEMS: dict[str, Problem] = {
    "403": NotAllowed("You cannot sign W-04: you own it. Ines can."),
    "404": NotFound("There is no W-99."),
    "409": RequirementsNotMet(
        "W-03 is still planned: nothing was changed.",
        extra={"requirements": REQUIREMENTS, "to": "committed"},
    ),
    "412": Stale(
        "Marcus submitted v3 at 09:40. You see v2; nothing was saved.",
        extra={
            "comparison": [{"field": "Users", "yours": "4,200", "current": "4,600"}]
        },
        link="/workloads/W-02/",
    ),
    "400": Invalid(errors=[FieldError("/users", "invalid", "“4.2k+” is no number.")]),
    "428": PreconditionRequired("The form carries no version; nothing was saved."),
    "429": TooMany("Wait 20 seconds.", headers={"Retry-After": "20"}),
}


def refuse(request, kind: str):
    raise PROBLEMS[kind]


def send_away(request):
    raise NotSignedIn


def lose_the_database(request):
    raise OperationalError("the connection is closed")


def break_down(request):
    if request.method == "POST" and "saved" in request.POST:
        audit.record("test.changed", "test/1", actor=None, now=NOW)
    raise RuntimeError("a bug")


urlpatterns = [
    path("refuse/<str:kind>/", refuse),
    path("away/", send_away),
    path("lost/", lose_the_database),
    path("broken/", break_down),
    *portal_urls,
]

pytestmark = pytest.mark.urls("tests.kernel.test_pages_problems")


@pytest.fixture
def noor(cast, client):
    client.force_login(cast.noor, backend="django.contrib.auth.backends.ModelBackend")
    client.raise_request_exception = False
    return client


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("kind", sorted(PROBLEMS))
def test_a_problem_is_a_page_with_its_status_and_the_request(noor, kind):
    response = noor.get(f"/refuse/{kind}/")

    page = text_of(response)
    assert response.status_code == int(kind)
    assert f"{kind} · {PROBLEMS[kind].code}" in page
    assert PROBLEMS[kind].detail in page
    assert response["X-Request-ID"] in page
    assert response["Cache-Control"] == "no-store"


def test_unmet_requirements_stand_first_with_their_links(noor):
    page = noor.get("/refuse/409/").content.decode()

    assert "Missing for committed: 1 of 2" in page
    assert page.index("3 over") < page.index("Owner named")
    assert 'href="/plan/roadmap/"' in page


def test_stale_shows_what_was_sent_beside_what_is_there(noor):
    page = text_of(noor.get("/refuse/412/"))

    assert "Users 4,200 4,600" in page
    assert "See it as it is now" in page


def test_too_many_says_when_to_come_back(noor):
    assert noor.get("/refuse/429/")["Retry-After"] == "20"


def test_htmx_gets_a_note_and_keeps_its_page(noor):
    response = noor.get("/refuse/409/", headers={"HX-Request": "true"})

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#notices"
    assert "<html" not in response.content.decode()
    assert "3 over" in response.content.decode()


def test_an_ended_session_sends_the_whole_page_to_the_sign_in(client, db):
    response = client.get(
        "/audit/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/find/"},
    )

    assert response["HX-Redirect"] == "/sign-in/?next=%2Ffind%2F"


def test_not_signed_in_leads_to_the_sign_in_and_back(noor):
    response = noor.get("/away/?a=1")

    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=%2Faway%2F%3Fa%3D1"


def test_an_unknown_address_is_a_page_with_a_way_on(noor):
    response = noor.get("/nowhere/")

    assert response.status_code == 404
    assert "There is no page and no object at /nowhere/." in text_of(response)
    assert 'href="/find/"' in response.content.decode()


@pytest.mark.parametrize(
    ("method", "body", "sentence"),
    [
        ("get", {}, "Nothing was changed: you were reading."),
        ("post", {}, "Nothing was saved."),
        ("post", {"saved": "1"}, "Your change was saved before it"),
    ],
)
def test_a_failure_says_whether_anything_was_saved(noor, method, body, sentence):
    response = getattr(noor, method)("/broken/", body)

    assert response.status_code == 500
    assert sentence in text_of(response)
    assert response["X-Request-ID"] in text_of(response)


def test_a_lost_database_is_503_with_when_to_come_back(noor):
    response = noor.get("/lost/")

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "The database does not answer" in text_of(response)


def test_the_page_of_a_lost_database_asks_the_database_nothing(
    django_assert_num_queries, db
):
    request = RequestFactory().get("/")

    with django_assert_num_queries(0):
        response = database_away(request)

    assert response.status_code == 503


def test_a_form_of_another_session_is_told_so(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.noor, backend="django.contrib.auth.backends.ModelBackend")

    response = client.post("/settings/look/", {"theme": "dark"})

    assert response.status_code == 403
    assert "This form is from another session" in text_of(response)
    assert "theme" not in response.cookies


def test_every_page_change_is_recorded_as_of_a_page(cast, client):
    client.force_login(cast.ada, backend="django.contrib.auth.backends.ModelBackend")
    client.post(
        "/settings/tokens/new/",
        {"name": "BI", "scopes": ["plan:read"], "lifetime": "30"},
    )

    entry = cast.ada.tokens.get()
    recorded = audit.AuditEntry.objects.get(action="token.issued")
    assert recorded.source == Source.PAGE
    assert recorded.after["token"] == entry.prefix
