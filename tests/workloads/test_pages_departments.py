"""Departments: who may make and change them, and what each has in the plan."""

from types import SimpleNamespace

import pytest

from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, field, toasts, words
from workloads.models import Department
from workloads.services.departments import create_department, edit_department

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/departments/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


@pytest.fixture
def it(cast):
    return create_department(
        actor=cast.clara, code="it", name="Internal IT", head=cast.dana, now=NOW
    )


def test_each_department_counts_what_it_has_in_the_plan(cast, as_, it):
    stories.live(cast, department=it)
    stories.proposed(cast, name="Second", department=it)

    page = as_("adele").get(PAGE)

    assert "Internal IT it Dana Okafor 2 of Internal IT in the plan 1 6" in words(page)
    assert 'href="/plan/?department=it"' in page.content.decode()


def test_the_committee_and_an_administrator_add_one(as_, cast):
    for person, code in (("clara", "sales"), ("ada", "legal")):
        data = {"code": code, "name": code.capitalize(), "head": cast.dana.pk}
        answer = as_(person).post(f"{PAGE}new/", data)
        assert answer.headers["Location"] == PAGE

    assert list(Department.objects.values_list("code", "head__username")) == [
        ("legal", "dana"),
        ("sales", "dana"),
    ]


@pytest.mark.parametrize("person", ["sarah", "pia", "noor", "dana", "adele", "nils"])
def test_others_see_the_buttons_dashed_with_who_can(as_, it, person):
    other = as_(person)

    who = "A committee member or an administrator can."
    assert f"Add a department {who}" in words(other.get(PAGE))
    assert f"Save {who}" in words(other.get(f"{PAGE}it/"))
    assert other.get(f"{PAGE}new/").status_code == 403
    assert other.post(f"{PAGE}new/", {"code": "x", "name": "X"}).status_code == 403
    assert other.post(f"{PAGE}it/", {"name": "X"}).status_code == 403
    assert Department.objects.get().name == "Internal IT"


def test_a_name_that_is_taken_is_refused_at_its_field(as_, it):
    answer = as_("clara").post(f"{PAGE}new/", {"code": "it-2", "name": "internal it"})

    assert answer.status_code == 409
    assert 'There is a department "internal it" or "it-2" already.' in words(answer)
    assert field(answer, "code") == "it-2"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"code": "", "name": "X"}, "This field is required."),
        ({"code": "x", "name": ""}, "This field is required."),
        ({"code": "a b", "name": "X"}, "Enter a valid “slug”"),
        ({"code": "x" * 41, "name": "X"}, "at most 40 characters"),
    ],
)
def test_a_wrong_field_keeps_what_was_typed(as_, data, why):
    answer = as_("clara").post(f"{PAGE}new/", data)

    assert answer.status_code == 400
    assert why in words(answer)


def test_who_was_faster_is_shown_beside_what_was_typed(cast, as_, it):
    clara = as_("clara")
    seen = field(clara.get(f"{PAGE}it/"), "if_version")
    edit_department(code="it", actor=cast.ada, name="IT", head=None, now=NOW)

    answer = clara.post(f"{PAGE}it/", {"name": "Technology", "if_version": seen})

    assert answer.status_code == 412
    assert "IT changed since you read it. Nothing was saved;" in words(answer)
    assert "Now IT, no head" in words(answer)
    assert field(answer, "name") == "Technology"

    again = {"name": "Technology", "if_version": field(answer, "if_version")}
    clara.post(f"{PAGE}it/", again)
    assert Department.objects.get().name == "Technology"
    assert toasts(clara.get(PAGE)) == ["Technology is saved."]


def test_its_history_names_what_changed(cast, as_, it):
    edit_department(code="it", actor=cast.ada, name="IT", head=None, now=NOW)

    page = words(as_("adele").get(f"{PAGE}it/"))

    assert "department edited" in page
    assert "name: Internal IT → IT" in page


def test_no_department_yet_says_what_one_is_for(as_):
    assert "No department yet." in words(as_("clara").get(PAGE))
    assert as_("clara").get(f"{PAGE}none/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_whatever_its_rows(
    cast, as_, django_assert_num_queries, count
):
    for n in range(count):
        create_department(
            actor=cast.clara, code=f"d{n}", name=f"D {n}", head=cast.dana, now=NOW
        )
    adele = as_("adele")
    adele.get(PAGE)

    with django_assert_num_queries(3):
        adele.get(PAGE)
