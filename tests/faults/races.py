"""Pressing at the same moment: threads that meet at a barrier, each with a connection."""

import os
import threading
from collections.abc import Callable, Sequence

from django.db import connection

from portal.kernel.errors import Problem

Outcome = object


def at_once(presses: Sequence[Callable[[], object]]) -> list[Outcome]:
    """Run all at the same moment; each outcome is what it returned or its Problem.

    Anything else that is raised (a deadlock, a broken constraint) is raised here: no such
    error may reach a user.
    """
    barrier = threading.Barrier(len(presses))
    outcomes: list[Outcome] = [None] * len(presses)
    unexpected: list[BaseException] = []

    def run(index: int, press: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            outcomes[index] = press()
        except Problem as problem:
            outcomes[index] = problem
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            unexpected.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(index, press))
        for index, press in enumerate(presses)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if unexpected:
        raise unexpected[0]
    return outcomes


def codes(outcomes: Sequence[Outcome]) -> list[str]:
    """The code of each refusal, "ok" for what went through."""
    return sorted(
        outcome.code if isinstance(outcome, Problem) else "ok" for outcome in outcomes
    )


def fork() -> int:
    """A process of its own, with a connection of its own; 0 in the child.

    While a browser's event loop runs in this thread, Django keeps a second connection for
    it, and the child would find the first: the parent's socket, held open after its end.
    """
    connection.close()
    child = os.fork()
    if not child:
        connection.connection = None
    return child
