"""Each request has an id, a door and a line in the log."""

import logging

import pytest
from django.http import HttpResponse  # noqa: TID251 - a view of the test's own

from portal.chunked import MOST_BYTES
from portal.kernel.enums import Source
from portal.kernel.middleware.requests import RequestMiddleware
from portal.kernel.origin import current_origin

SENT = "trace-0123456789"


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (SENT, True),
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("short", False),
        ("x" * 65, False),
        ("with space in it", False),
        ("new\tline-here", False),
        ("<script>alert(1)", False),
    ],
)
def test_a_sane_request_id_is_kept_and_any_other_replaced(sent, taken, client):
    answer = client.get("/livez", headers={"X-Request-ID": sent})

    assert (answer["X-Request-ID"] == sent) is taken
    assert len(answer["X-Request-ID"]) >= 8


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (MOST_BYTES, 200),
        (MOST_BYTES + 1, 413),
        ("9" * 5000, 413),
        ("", 200),
        ("many", 200),
    ],
)
def test_a_body_longer_than_anything_takes_is_refused_unread(length, status, rf):
    class Unread:
        def read(self, *_args):
            raise AssertionError

    request = rf.post("/audit/verify/", CONTENT_LENGTH=str(length))
    request.environ["wsgi.input"] = Unread()

    answer = RequestMiddleware(lambda _request: HttpResponse())(request)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/api/v1/me/", Source.API),
        ("/admin/portal/", Source.ADMIN),
        ("/workloads/", Source.PAGE),
        ("/apis/", Source.PAGE),
    ],
)
def test_what_is_done_knows_its_door(path, door, rf):
    seen = []

    def view(_request):
        seen.append(current_origin())
        return HttpResponse()

    request = rf.get(path, headers={"X-Request-ID": SENT}, REMOTE_ADDR="192.0.2.7")
    RequestMiddleware(view)(request)

    assert (seen[0].source, seen[0].request_id) == (door, SENT)
    assert seen[0].address == "192.0.2.7"
    assert current_origin().source is Source.SYSTEM


@pytest.mark.parametrize(
    ("behind_a_proxy", "address"), [(None, "192.0.2.7"), (("X", "y"), "198.51.100.9")]
)
def test_only_a_proxy_of_ours_says_who_called(behind_a_proxy, address, rf, settings):
    settings.SECURE_PROXY_SSL_HEADER = behind_a_proxy
    seen = []

    def view(_request):
        seen.append(current_origin().address)
        return HttpResponse()

    headers = {"X-Forwarded-For": "203.0.113.5, 198.51.100.9"}
    request = rf.get("/livez", headers=headers, REMOTE_ADDR="192.0.2.7")
    RequestMiddleware(view)(request)

    assert seen == [address]


def test_a_request_leaves_one_line(cast, caller_of, caplog):
    call = caller_of(cast.pia)
    with caplog.at_level(logging.INFO):
        call("GET", "/api/v1/tokens/7/")

    (line,) = [one for one in caplog.records if one.name == "weighbridge.access"]
    assert (line.method, line.route) == ("GET", "api/v1/tokens/<int:number>/")
    assert (line.status, line.user) == (404, "pia")
    assert line.ms >= 0
    assert not [one for one in caplog.records if one.name == "django.request"]
