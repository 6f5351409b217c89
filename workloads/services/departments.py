"""Departments: code, name, head."""

from datetime import datetime

from django.db import transaction

from portal.kernel import access
from portal.kernel.errors import Conflict, NotFound, Stale
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.models import Department


class DepartmentTaken(Conflict):
    code = "department_taken"
    title = "Another department has this code or name"


@transaction.atomic
def create_department(
    *, actor: User, code: str, name: str, head: User | None, now: datetime
) -> Department:
    """Add a department. Raises NotAllowed or DepartmentTaken."""
    access.require(actor, "department.edit")
    _require_free(code, name, besides=0)
    department = Department.objects.create(code=code, name=name, head=head)
    audit.record(
        "department.created",
        f"department/{code}",
        actor=actor,
        now=now,
        after=_plain(department),
    )
    return department


@transaction.atomic
def edit_department(
    *,
    code: str,
    actor: User,
    name: str,
    head: User | None,
    now: datetime,
    if_version: int | None = None,
) -> Department:
    """Rename a department or name its head. Raises NotFound, NotAllowed or Stale."""
    department = Department.objects.select_for_update().filter(code=code).first()
    if department is None:
        raise NotFound(f'There is no department "{code}".')
    access.require(actor, "department.edit")
    if if_version is not None and department.version != if_version:
        raise Stale(f"{department.name} changed since you read it; nothing was saved.")
    _require_free(code, name, besides=department.pk)
    before = _plain(department)
    department.name, department.head = name, head
    after = _plain(department)
    if before == after:
        return department
    department.version += 1
    department.save(update_fields=["name", "head", "version"])
    audit.record(
        "department.edited",
        f"department/{code}",
        actor=actor,
        now=now,
        before=before,
        after=after,
    )
    return department


def _require_free(code: str, name: str, *, besides: int) -> None:
    others = Department.objects.exclude(pk=besides)
    if others.filter(code=code).exists() or others.filter(name__iexact=name).exists():
        raise DepartmentTaken(f'There is a department "{name}" or "{code}" already.')


def _plain(department: Department) -> dict[str, str | None]:
    head = department.head
    return {"name": department.name, "head": head.username if head else None}
