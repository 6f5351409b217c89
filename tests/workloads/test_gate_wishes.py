"""A cost gate that is wished for before any gate could hold it."""

import pytest

from workloads.rules.gates import unheld


@pytest.mark.parametrize(
    ("cost_gate", "primary", "degrade"),
    [
        ("", "", ""),
        ("hard_cap", "", ""),
        ("hard_cap", "Sonnet", ""),
        ("soft_cap", "Sonnet", "Haiku"),
    ],
)
def test_a_wish_that_a_gate_could_hold_lacks_nothing(cost_gate, primary, degrade):
    assert unheld(cost_gate, primary_model=primary, degrade_model=degrade) is None


def test_a_soft_cap_names_the_second_model_that_it_lacks():
    lacks = unheld("soft_cap", primary_model="Sonnet")

    assert lacks is not None
    assert lacks.short == "no second model"
    assert lacks.sentence == (
        "A soft cap degrades to a second model past its ceiling, and only Sonnet is "
        "named."
    )


def test_a_soft_cap_without_any_model_says_so():
    lacks = unheld("soft_cap")

    assert lacks is not None
    assert lacks.sentence.endswith("and none is named.")


def test_pay_as_you_go_lacks_its_opt_in_until_there_is_one():
    lacks = unheld("pay_as_you_go", primary_model="Sonnet", degrade_model="Haiku")

    assert lacks is not None
    assert lacks.short == "no opt-in"
    assert unheld("pay_as_you_go", opted_in=True) is None
