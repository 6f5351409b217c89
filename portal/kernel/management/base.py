"""What all commands share: their origin, their clock, and problems told plainly."""

import sys
from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.errors import Problem
from portal.kernel.origin import origin


class PortalCommand(BaseCommand, ABC):
    """Implement `run`; a problem becomes its sentences on standard error, exit 1."""

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with origin(Source.COMMAND):
                self.run(now=clock.now(), **options)
        except Problem as problem:
            raise CommandError(told(problem)) from problem

    @abstractmethod
    def run(self, *, now: datetime, **options: Any) -> None:
        """What the command does; it may raise a problem."""


def told(problem: Problem) -> str:
    """The detail, then a line a field."""
    lines = [problem.detail]
    lines += [
        f"{error.pointer.strip('/') or 'all'}: {error.detail}"
        for error in problem.errors
        if error.detail != problem.detail
    ]
    return "\n".join(lines)


def password_from_stdin() -> str:
    """Its first line, so that a password stands in no list of processes."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CommandError("Standard input has no password in its first line.")
    return password
