"""The same key and body: the work once, the same answer for 24 hours."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from portal.kernel import clock
from portal.kernel.models import IdempotentAnswer, User

THINGS = "/api/probe/things/"
KEY = "0b7c"


def test_a_repeated_post_answers_the_same_and_does_nothing(cast, caller_of, probe):
    call = caller_of(cast.pia)

    first = call("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)
    again = call("POST", THINGS, b'{ "name":"x" }', Idempotency_Key=KEY)

    assert first.status_code == again.status_code == 201
    assert {**first.json(), "secret": None} == again.json()
    for header in ("ETag", "Location", "Content-Type"):
        assert again[header] == first[header]
    assert again["Idempotency-Replayed"] == "true"
    assert len(probe.done) == 1


def test_what_is_shown_once_is_not_kept(cast, caller_of, probe):
    caller_of(cast.pia)("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)

    assert b"s3cret" not in bytes(IdempotentAnswer.objects.get().body)


@pytest.mark.parametrize(
    ("path", "body"),
    [(THINGS, {"name": "y"}), (f"{THINGS}?dry_run=true", {"name": "x"})],
)
def test_a_key_is_not_used_for_something_else(path, body, cast, caller_of, probe):
    call = caller_of(cast.pia)
    call("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)

    answer = call("POST", path, body, Idempotency_Key=KEY)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert len(probe.done) == 1


def test_a_key_belongs_to_its_user(cast, caller_of, probe):
    cast.clara.roles = ["committee", "planner"]
    cast.clara.save()

    for name, person in (("x", cast.pia), ("y", cast.clara)):
        answer = caller_of(person)("POST", THINGS, {"name": name}, Idempotency_Key=KEY)
        assert answer.status_code == 201


def test_a_key_is_forgotten_after_a_day(cast, caller_of, probe):
    call = caller_of(cast.pia)
    call("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)
    IdempotentAnswer.objects.update(created_at=clock.now() - timedelta(hours=24))

    answer = call("POST", THINGS, {"name": "y"}, Idempotency_Key=KEY)

    assert answer.status_code == 201
    assert len(probe.done) == 2


@pytest.mark.parametrize(
    ("name", "status", "kept"),
    [("conflict", 409, 1), ("nonsense", 422, 1), ("broken", 500, 0), ("", 400, 0)],
)
def test_a_refusal_undoes_its_effect_and_may_be_kept(
    name, status, kept, cast, caller_of, probe
):
    call = caller_of(cast.pia)

    first = call("POST", THINGS, {"name": name}, Idempotency_Key=KEY)
    again = call("POST", THINGS, {"name": name}, Idempotency_Key=KEY)

    assert first.status_code == again.status_code == status
    assert first.json()["code"] == again.json()["code"]
    assert again["Content-Type"] == "application/problem+json"
    assert not User.objects.filter(username=name).exists()
    assert IdempotentAnswer.objects.count() == kept


def test_a_call_without_rights_learns_nothing_from_a_key(cast, caller_of, probe):
    caller_of(cast.pia)("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)
    User.objects.filter(pk=cast.pia.pk).update(roles=[])

    answer = caller_of(cast.pia)("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY)

    assert answer.status_code == 403


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ü"])
def test_a_key_that_cannot_be_kept_is_refused(key, cast, caller_of, probe):
    answer = caller_of(cast.pia)("POST", THINGS, {"name": "x"}, Idempotency_Key=key)

    assert answer.status_code == 400
    assert probe.done == []


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_one_effect_and_one_answer(cast, caller_of, probe):
    call = caller_of(cast.pia)
    answers = []
    together = threading.Barrier(4)

    def post() -> None:
        together.wait()
        answers.append(call("POST", THINGS, {"name": "x"}, Idempotency_Key=KEY))
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [201] * 4
    assert {answer.json()["count"] for answer in answers} == {1}
    assert User.objects.filter(username="x").count() == 1
