"""Requests that no browser sends, and what the portal makes of them."""

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from portal.chunked import MOST_BYTES, with_length
from portal.kernel.api.bodies import read_bytes
from portal.kernel.errors import TooLarge
from tests.workloads.pages import Reader

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024


def test_a_name_longer_than_its_column_is_a_failure_like_any_other() -> None:
    client = Client(raise_request_exception=False)

    answer = client.post("/sign-in/", {"username": "ß" * 400, "password": "wrong"})

    assert answer.status_code == 200
    assert [len(one.username) for one in AccessAttempt.objects.all()] == [255]


def test_a_form_of_thousands_of_fields_is_too_large(cast: SimpleNamespace) -> None:
    many = {f"field{number}": "1" for number in range(1_200)}

    answer = Reader(cast)("pia").post("/workloads/propose/", many)

    assert answer.status_code == 413


def test_a_form_of_many_megabytes_is_too_large(cast: SimpleNamespace) -> None:
    answer = Reader(cast)("pia").post(
        "/workloads/propose/",
        b"name=" + b"x" * 11 * MEGABYTE,
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/plan/", "/audit/", "/api/v1/workloads/"])
def test_no_cache_in_between_keeps_what_a_person_read(
    cast: SimpleNamespace, path: str
) -> None:
    answer = Reader(cast)("pia").get(path)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-cache"


# --- A body in chunks, as servers hand it over: without a length ---------------------


def read_in_chunks(body: bytes) -> bytes:
    """What a view reads of a chunked body behind the portal's WSGI application."""
    read: list[bytes] = []

    def view(environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        read.append(read_bytes(WSGIRequest(environ)))
        return []

    environ = RequestFactory()._base_environ(
        REQUEST_METHOD="POST",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": BytesIO(body)},
    )
    with_length(view)(environ, None)
    return read[0]


def test_a_body_in_chunks_is_read() -> None:
    assert read_in_chunks(b'{"name": "In chunks"}') == b'{"name": "In chunks"}'


@pytest.mark.parametrize("size", [11 * MEGABYTE, MOST_BYTES + MEGABYTE])
def test_a_body_in_chunks_is_limited(size: int) -> None:
    with pytest.raises(TooLarge):
        read_in_chunks(b"x" * size)


# --- The admin's filters as a way to read what it does not show ----------------------


@pytest.mark.parametrize(
    "address",
    [
        "/admin/portal/user/?password__startswith=pbkdf2",
        "/admin/portal/user/?password__regex=^p",
        "/admin/portal/apitoken/?digest__startswith=0",
        "/admin/portal/apitoken/?user__password__startswith=p",
        "/admin/workloads/workload/?owner__password__startswith=p",
    ],
)
def test_the_admin_filters_by_nothing_that_it_does_not_offer(
    cast: SimpleNamespace, address: str
) -> None:
    assert Reader(cast)("adele").get(address).status_code == 400
