"""Problems and what they carry."""

import pytest

from portal.kernel import errors
from portal.kernel.errors import Conflict, FieldError, Invalid, Problem, Stale


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (errors.NotSignedIn, 401, "not_signed_in"),
        (errors.NotAllowed, 403, "not_allowed"),
        (errors.NotFound, 404, "not_found"),
        (errors.Conflict, 409, "conflict"),
        (errors.Stale, 412, "stale"),
        (errors.TooLarge, 413, "too_large"),
        (errors.Unprocessable, 422, "unprocessable"),
        (errors.PreconditionRequired, 428, "precondition_required"),
        (errors.TooMany, 429, "rate_limited"),
        (errors.Unavailable, 503, "unavailable"),
        (errors.Invalid, 400, "invalid"),
    ],
)
def test_problem_has_its_status_and_code(
    problem: type[Problem], status: int, code: str
) -> None:
    assert (problem.status, problem.code) == (status, code)


def test_problem_without_detail_says_its_title() -> None:
    assert Conflict().detail == "Not in this state."


def test_problem_carries_fields_members_link_and_headers() -> None:
    wrong = FieldError("/users", "not_a_number", "users takes a whole number.")

    problem = Invalid(
        "One field cannot be taken.",
        errors=[wrong],
        extra={"rows": []},
        link="/plan/",
        headers={"Retry-After": "1"},
    )

    assert (problem.errors, problem.extra, problem.link, problem.headers) == (
        [wrong],
        {"rows": []},
        "/plan/",
        {"Retry-After": "1"},
    )
    assert str(problem) == "One field cannot be taken."


def test_app_names_its_own_kind() -> None:
    class StaleEstimate(Stale):
        code = "stale_estimate"

    with pytest.raises(Stale) as refusal:
        raise StaleEstimate("Marcus submitted v3.")

    assert (refusal.value.status, refusal.value.code) == (412, "stale_estimate")
