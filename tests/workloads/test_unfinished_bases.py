"""A class that leaves out what its base asks for is not made at all."""

import pytest

from portal.kernel.management.base import PortalCommand
from workloads.api.fields import PersonField, _Resolved
from workloads.api.inputs import SourcesField, _ByInput
from workloads.forms.figures import WholeField, _TypedNumber
from workloads.requirements import OwnerNamed, _Condition


@pytest.mark.parametrize(
    "base", [PortalCommand, _Condition, _Resolved, _ByInput, _TypedNumber]
)
def test_an_unfinished_base_is_not_made(base: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        base()


@pytest.mark.parametrize(
    ("base", "finished"),
    [
        (_Condition, OwnerNamed),
        (_Resolved, PersonField),
        (_ByInput, SourcesField),
        (_TypedNumber, WholeField),
    ],
)
def test_what_is_finished_is_of_its_kind(base: type, finished: type) -> None:
    assert issubclass(finished, base)
    assert not getattr(finished, "__abstractmethods__", ())
