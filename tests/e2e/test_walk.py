"""A workload from proposal to planned in a real browser, each person as themselves."""

from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.workloads import stories
from workloads.enums import SignRole, Status
from workloads.models import Signoff, Workload

pytestmark = pytest.mark.django_db(transaction=True)

SIGNERS = {"ines": "compute", "felix": "tokens", "noor": "ops hours"}


def propose(page: Page) -> None:
    page.goto("/workloads/propose/")
    page.get_by_label("Workload").fill("Sales-call summariser")
    page.get_by_label("Ship quarter").fill("Q3-2026")
    page.get_by_label("Primary model").fill("Sonnet")
    page.get_by_label("Cost gate").select_option("pay_as_you_go")
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales-call summariser")
    expect(page.get_by_text("Missing for planned: 4 of 4").first).to_be_visible()


def estimate(page: Page) -> None:
    page.get_by_role("link", name="Estimate W-01").first.click()
    page.get_by_label("as one declared figure").check()
    page.locator("#id_users").fill("280")
    page.locator("#id_sessions_per_user_month").fill("60")
    page.locator("#id_declared_tokens_per_user_month").fill("1.4M")
    page.locator("#id_ops_hours_week").fill("2")
    # Below the guidance: the field for the reason appears.
    page.locator("#id_ops_reason").fill("The sales tools' weekly check covers it.")


def submit(page: Page) -> None:
    page.get_by_role("button", name="Save and submit").click()
    expect(page.get_by_text("v1 is fixed")).to_be_visible()
    page.get_by_role("button", name="Submit v1").click()
    expect(page.get_by_text("Missing for planned: 3 of 4").first).to_be_visible()


def move_to_planned(page: Page) -> None:
    page.goto("/workloads/W-01/")
    page.get_by_role("button", name="Move to planned").click()
    expect(page.get_by_text("W-01 is planned.")).to_be_visible()


def assert_signed_by_three(people: SimpleNamespace) -> None:
    given = Signoff.objects.order_by("id").values_list("signer__username", "role")
    assert list(given) == [
        ("ines", SignRole.ENGINEERING),
        ("felix", SignRole.FINANCE),
        ("noor", SignRole.OPS),
    ]
    assert Workload.objects.get().status == Status.PLANNED


def test_a_workload_walks_from_proposal_to_planned(walk_with, people):
    walk = walk_with()
    sarah = walk("sarah")
    propose(sarah)
    estimate(sarah)
    # The budgets follow what is typed, before anything is saved.
    expect(sarah.locator("#budgets")).to_contain_text("392M")
    expect(sarah.locator("#budgets")).to_contain_text("$2,352 a month on Sonnet")
    submit(sarah)

    for name, budget in SIGNERS.items():
        page = walk(name)
        page.get_by_role("link", name="Weigh and sign").first.click()
        expect(page.get_by_text(f"You are signing {budget}")).to_be_visible()
        # The keys listen once the page has loaded.
        page.wait_for_load_state()
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_contain_text("of W-01 signed.")

    move_to_planned(sarah)
    assert_signed_by_three(people)
    assert walk.complaints == []


def test_the_same_walk_without_javascript(walk_with, people):
    walk = walk_with(script=False)
    sarah = walk("sarah")
    propose(sarah)
    estimate(sarah)
    sarah.get_by_role("button", name="Compute").click()
    expect(sarah.locator("#budgets")).to_contain_text("392M")
    submit(sarah)

    for name, budget in SIGNERS.items():
        page = walk(name)
        page.goto("/approvals/")
        page.get_by_role("button", name=f"Sign {budget}").click()
        expect(page.locator(".toast")).to_contain_text("of W-01 signed.")

    move_to_planned(sarah)
    assert_signed_by_three(people)


def test_a_refusal_is_answered_with_the_next_version(walk_with, people):
    walk = walk_with()
    stories.submitted(stories.proposed(people), people.sarah)
    felix = walk("felix")
    felix.goto("/approvals/")
    felix.keyboard.press("r")
    felix.get_by_label("Reason, Sarah Lind will read it").fill("The share is a guess.")
    felix.get_by_role("button", name="Refuse v1").click()
    expect(felix.locator(".toast")).to_have_text(
        "v1 of W-01 is refused; a draft is open."
    )

    sarah = walk("sarah")
    sarah.get_by_role("link", name="Open v2").click()
    expect(sarah.locator("#id_users")).to_have_value("4,200")
    assert walk.complaints == []


def test_j_and_k_move_and_letters_inside_a_field_are_letters(walk_with, people):
    walk = walk_with()
    for name in ("First", "Second"):
        stories.submitted(stories.proposed(people, name=name), people.sarah)
    noor = walk("noor")
    noor.goto("/approvals/")

    noor.keyboard.press("j")
    expect(noor.locator(".queue [aria-current]")).to_contain_text("Second")
    noor.keyboard.press("k")
    expect(noor.locator(".queue [aria-current]")).to_contain_text("First")

    noor.keyboard.press("r")
    noor.keyboard.type("ajar")
    expect(noor.locator("#reason")).to_have_value("ajar")
    assert not Signoff.objects.exists()


def test_keys_that_are_switched_off_do_nothing(walk_with, people):
    stories.submitted(stories.proposed(people), people.sarah)
    people.noor.shortcuts_enabled = False
    people.noor.save()
    noor = walk_with()("noor")
    noor.goto("/approvals/")

    noor.keyboard.press("a")
    noor.keyboard.press("Enter")

    expect(noor.get_by_text("You are signing ops hours")).to_be_visible()
    assert not Signoff.objects.exists()


def test_two_who_edit_one_draft_the_second_loses_nothing(walk_with, people):
    walk = walk_with()
    stories.drafted(stories.proposed(people), people.sarah)
    sarah, pia = walk("sarah"), walk("pia")
    for page in (sarah, pia):
        page.goto("/workloads/W-01/estimates/1/")
    pia.locator("#id_users").fill("5,000")
    pia.get_by_role("button", name="Save draft").click()
    expect(pia.locator(".toast")).to_contain_text("Draft v1 is saved.")

    sarah.locator("#id_users").fill("6,000")
    sarah.get_by_role("button", name="Save draft").click()

    expect(sarah.get_by_text("Someone was faster.")).to_be_visible()
    expect(sarah.locator("#id_users")).to_have_value("6,000")
    sarah.get_by_role("button", name="Save mine over it").click()
    expect(sarah.locator(".toast")).to_contain_text("Draft v1 is saved.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_pages_have_no_barrier_and_do_not_scroll_sideways(
    walk_with, people, width, theme
):
    workload = stories.committed(people)
    stories.submitted(workload, people.sarah, users=5000)
    stories.drafted(stories.proposed(people, name="Second"), people.sarah)
    addresses = {
        "noor": ["/workloads/W-01/", "/approvals/", "/settings/deputies/"],
        "sarah": [
            "/workloads/W-01/",
            "/workloads/W-01/edit/",
            "/workloads/W-01/criteria/",
            "/workloads/W-01/readiness/",
            "/workloads/W-01/step/planned/",
            "/workloads/W-01/estimates/1/",
            "/workloads/W-01/estimates/1/compare/2/",
            "/workloads/W-02/estimates/1/",
            "/workloads/W-02/estimates/1/submit/",
        ],
    }
    walk, found = walk_with(), []
    for name, pages in addresses.items():
        page = walk(name, viewport={"width": width, "height": 900}, color_scheme=theme)
        for address in pages:
            page.goto(address)
            over = page.evaluate(
                "document.documentElement.scrollWidth"
                " - document.documentElement.clientWidth"
            )
            found += [f"{address} is {over} px too wide"] if over > 0 else []
            broken = Axe().run(page).response["violations"]
            found += [f"{address}: {one['id']}" for one in broken]

    assert found == []
