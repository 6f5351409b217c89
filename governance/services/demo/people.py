"""Who works at the demo company."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.hashers import make_password

from portal.kernel.enums import CommitteeFunction, Role
from portal.kernel.models import User
from portal.kernel.services.accounts import create_user
from workloads.services.departments import create_department

PASSWORD = "weighbridge-demo"  # noqa: S105 - printed for everybody who runs the demo


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    roles: tuple[Role, ...]
    function: str = ""


PEOPLE: tuple[Person, ...] = (
    Person("sarah", "Sarah", (Role.OWNER,)),
    Person("marcus", "Marcus", (Role.OWNER,)),
    Person("priya", "Priya", (Role.OWNER,)),
    Person("tom", "Tom", (Role.OWNER,)),
    Person("aisha", "Aisha", (Role.OWNER,)),
    Person("lena", "Lena Fischer", (Role.PLANNER,)),
    Person("ines", "Ines Roth", (Role.ENGINEERING,)),
    Person("daniel", "Daniel Okafor", (Role.FINANCE,)),
    Person("helen", "Helen Brandt", (Role.COMMITTEE,), CommitteeFunction.CHAIR),
    Person("viktor", "Viktor Lang", (Role.COMMITTEE,), CommitteeFunction.SECRETARY),
    Person("greta", "Greta Lindqvist", (Role.COMMITTEE,), CommitteeFunction.MEMBER),
    Person("noor", "Noor Haddad", (Role.OPS, Role.COMMITTEE), CommitteeFunction.MEMBER),
    Person("petra", "Petra Olsen", (Role.DEPARTMENT_HEAD,)),
    Person("hugo", "Hugo Almeida", (Role.DEPARTMENT_HEAD,)),
    Person("nadia", "Nadia Rahman", (Role.DEPARTMENT_HEAD,)),
    Person("owen", "Owen Clarke", (Role.DEPARTMENT_HEAD,)),
    Person("mei", "Mei Tanaka", (Role.DEPARTMENT_HEAD,)),
    Person("yuki", "Yuki Sato", (Role.AUDITOR,)),
    Person("gateway", "LLM gateway", (Role.RUNTIME,)),
    Person("alex", "Alex Moreau", (Role.ADMIN,)),
)

# Code, name, head.
DEPARTMENTS: tuple[tuple[str, str, str], ...] = (
    ("support", "Support", "petra"),
    ("knowledge", "Knowledge", "hugo"),
    ("sales", "Sales", "nadia"),
    ("engineering", "Engineering", "owen"),
    ("marketing", "Marketing", "mei"),
)


def make_people(*, password: str, now: datetime) -> dict[str, User]:
    """Everybody by username; each signs in with `password`."""
    people = {
        person.username: create_user(
            actor=None,
            username=person.username,
            name=person.name,
            email=f"{person.username}@example.com",
            roles=person.roles,
            committee_function=person.function,
            now=now,
        )
        for person in PEOPLE
    }
    # Hashed once: a strong hash for each of twenty accounts takes seconds.
    hashed = make_password(password)
    User.objects.filter(username__in=people).update(password=hashed)
    return people


def make_departments(people: dict[str, User], *, now: datetime) -> None:
    for code, name, head in DEPARTMENTS:
        create_department(
            actor=people["alex"], code=code, name=name, head=people[head], now=now
        )


def first_of_each_role() -> list[tuple[Role, str]]:
    """One username a role, to sign in as."""
    return [
        (role, next(one.username for one in PEOPLE if one.roles[0] == role))
        for role in Role
    ]


def password_for_this_home() -> str:
    """Known to everybody where only this machine gets in, else of this company alone."""
    if not settings.PRODUCTION and _only_from_here(settings.HOST):
        return PASSWORD
    return secrets.token_urlsafe(12)


def _only_from_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
