"""Usage as it comes in, and what of it was refused."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.models import QuarantinedEvent
from tests.capacity.usage import event, send
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, toasts, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE, REFUSED = "/capacity/usage/", "/capacity/usage/refused/"


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_an_empty_house_says_what_to_do(reader: Reader) -> None:
    page = words(reader("nils").get(PAGE))

    assert "Nothing came in during the last hour." in page
    assert "Nobody has sent usage yet." in page
    assert "No usage in 2026-05." in page


def test_what_came_in_is_told_by_minute_source_workload_and_day(
    reader: Reader, api: Callable[..., Any]
) -> None:
    stories.gated(stories.proposed(reader.cast), reader.cast)
    send(
        api,
        event(),
        event(agent="triage", model="Unknown-1"),
        event(workload="W-99"),
    )

    page = words(reader("nils").get(PAGE))

    assert "2 events came in during the last hour." in page
    assert "1 refused event waits for a look" in page
    assert "W-01 used tokens that no gate was asked about" in page
    assert "gateway/eu" in page
    assert "2,400 tokens in 2026-05; W-01 Customer support chat used 100 %" in page
    assert "Unknown-1" in page
    assert "triage" in page
    assert "unknown_workload" in page


def test_a_month_and_a_workload_stand_in_the_address(
    reader: Reader, api: Callable[..., Any]
) -> None:
    stories.gated(stories.proposed(reader.cast), reader.cast)
    send(api, event())
    nils = reader("nils")

    other = words(nils.get(f"{PAGE}?month=2026-04"))
    export = nils.get(f"{PAGE}export.csv?month=2026-05&workload=w-01").content.decode()

    assert "No usage in 2026-04." in other
    assert export.splitlines()[1].startswith("2026-05-12,W-01,Customer support chat,1")
    for nonsense in ("month=x", "month=9999-01", "workload=x"):
        assert nils.get(f"{PAGE}?{nonsense}").status_code == 200
    assert nils.get(f"{PAGE}export.pdf").status_code == 404


def test_a_refused_event_is_looked_at_and_replayed(
    reader: Reader, api: Callable[..., Any]
) -> None:
    workload = stories.proposed(reader.cast)
    stories.gated(workload, reader.cast)
    send(api, event(workload="W-02", user="u-secret"))
    kept = QuarantinedEvent.objects.get()
    noor, nils = reader("noor"), reader("nils")

    page = noor.get(REFUSED)
    again = noor.post(f"{REFUSED}{kept.pk}/replay/", follow=True)
    second = stories.proposed(reader.cast, name="Search")
    stories.gated(second, reader.cast)
    done = noor.post(f"{REFUSED}{kept.pk}/replay/", follow=True)

    assert "u-secret" in words(page)
    assert "u-secret" not in words(nils.get(f"{REFUSED}?show=all"))
    assert "is refused again" in toasts(again)[0]
    assert toasts(done) == [f"Event {kept.pk} is counted."]
    assert "No event waits." in words(noor.get(REFUSED))
    assert noor.get(f"{REFUSED}?show=replayed").context["rows"]
    assert nils.post(f"{REFUSED}{kept.pk}/replay/").status_code == 403
    assert "can." in words(nils.get(REFUSED))
    assert noor.post(f"{REFUSED}{kept.pk}/replay/").status_code == 409
    assert noor.post(f"{REFUSED}999999/replay/").status_code == 404


def test_refused_events_are_searched_filtered_and_exported(reader: Reader) -> None:
    for number, code in enumerate(("unknown_workload", "time_in_future")):
        QuarantinedEvent.objects.create(
            received_at=NOW,
            source=f"gateway-{number}",
            event_id=f"e-{number}",
            code=code,
            detail="It was wrong.",
            body={"id": f"e-{number}"},
            expires_at=NOW + timedelta(days=3),
        )
    nils = reader("nils")

    def found(query: str) -> list[str]:
        rows = nils.get(f"{REFUSED}?{query}").context["rows"]
        return [row["event"].event_id for row in rows]

    assert found("") == ["e-1", "e-0"]
    assert found("order=oldest") == ["e-0", "e-1"]
    assert found("code=time_in_future") == ["e-1"]
    assert found("q=gateway-0") == ["e-0"]
    assert found("q=nothing") == []
    lines = nils.get(f"{REFUSED}export.csv?code=time_in_future").content.decode()
    assert len(lines.splitlines()) == 2


def test_the_pages_ask_as_much_for_three_of_everything_as_for_one(
    reader: Reader, api: Callable[..., Any]
) -> None:
    nils = reader("nils")
    counts = []
    for number in range(1, 4):
        workload = stories.proposed(reader.cast, name=f"Chat {number}")
        stories.gated(workload, reader.cast)
        send(
            api,
            event(workload=f"W-0{number}", agent=f"a-{number}", model="Unknown"),
            event(source=f"s-{number}", workload="W-99"),
        )
        asked_once = []
        for address in (PAGE, REFUSED):
            nils.get(address)
            with CaptureQueriesContext(connection) as asked:
                nils.get(address)
            asked_once.append(len(asked))
        counts.append(asked_once)

    assert counts[0] == counts[1] == counts[2], counts
