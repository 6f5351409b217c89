"""Where a change comes from."""

from portal.kernel.enums import Source
from portal.kernel.origin import OUTSIDE, current_origin, origin


def test_outside_every_door_it_is_the_system() -> None:
    assert current_origin() == OUTSIDE
    assert current_origin().source == Source.SYSTEM


def test_origin_holds_inside_and_ends_with_it() -> None:
    with origin(Source.PAGE, request_id="r1", address="192.0.2.7"):
        inside = current_origin()

    assert (inside.source, inside.request_id, inside.address) == (
        Source.PAGE,
        "r1",
        "192.0.2.7",
    )
    assert current_origin() == OUTSIDE


def test_each_origin_without_a_request_id_gets_its_own() -> None:
    with origin(Source.COMMAND) as first, origin(Source.COMMAND) as second:
        assert len(first.request_id) == 32
        assert first.request_id != second.request_id
