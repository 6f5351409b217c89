"""The verdict on a chain, without a database."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from portal.kernel.chain import (
    GENESIS_HASH,
    Broken,
    Checkpoint,
    Row,
    UnreadableCheckpoint,
    judge,
)

AT = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)


def chain_of(length: int) -> list[Row]:
    rows: list[Row] = []
    previous = GENESIS_HASH
    for number in range(1, length + 1):
        payload = f"{number} {previous}".encode()
        digest = sha256(payload).hexdigest()
        rows.append((number, previous, digest, payload))
        previous = digest
    return rows


def test_whole_chain_is_counted_to_its_end() -> None:
    rows = chain_of(5)

    verdict = judge(rows)

    assert (verdict.entries, verdict.last_id, verdict.last_hash, verdict.broken) == (
        5,
        5,
        rows[4][2],
        None,
    )


@pytest.mark.parametrize("number", range(1, 6))
def test_altered_entry_is_named_wherever_it_stands(number: int) -> None:
    rows = chain_of(5)
    entry_id, previous, digest, payload = rows[number - 1]
    rows[number - 1] = (entry_id, previous, digest, payload + b"!")

    broken = judge(rows).broken

    assert broken is not None
    assert broken.id == number


@pytest.mark.parametrize("number", range(1, 5))
def test_missing_entry_is_named_wherever_it_stood(number: int) -> None:
    rows = chain_of(5)
    del rows[number - 1]

    assert judge(rows).broken == Broken(
        number, f"it is missing; entry {number + 1} comes next."
    )


def test_verdict_of_a_broken_chain_counts_the_entries_before() -> None:
    rows = chain_of(5)
    del rows[2]

    assert judge(rows).entries == 2


def test_checkpoint_in_the_middle_of_a_grown_chain_holds() -> None:
    rows = chain_of(5)

    assert judge(rows, Checkpoint(3, rows[2][2], AT)).broken is None


def test_checkpoint_of_an_empty_chain_holds_for_every_chain() -> None:
    assert judge(chain_of(2), Checkpoint(0, GENESIS_HASH, AT)).broken is None


def test_checkpoint_comes_back_from_its_file() -> None:
    checkpoint = Checkpoint(3, "a" * 64, AT)

    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "This file is not a checkpoint."),
        ("[]", "This file is not a checkpoint."),
        ("{}", "This file is not a checkpoint."),
        ('{"id": "x"}', "This file is not a checkpoint."),
        (
            Checkpoint(3, "a" * 64, AT).to_json().replace('"id": 3', '"id": 2'),
            "This checkpoint was changed after it was exported.",
        ),
    ],
)
def test_unreadable_checkpoint_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableCheckpoint, match=why):
        Checkpoint.from_json(text)
