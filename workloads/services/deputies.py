"""Deputies: who signs for a signer during a span of days."""

from datetime import date, datetime

from django.db import transaction

from portal.kernel import access, clock
from portal.kernel.errors import FieldError, Invalid, NotAllowed, NotFound
from portal.kernel.models import User
from portal.kernel.services import audit
from workloads.enums import SignRole
from workloads.models import Deputy


@transaction.atomic
def name_deputy(
    *,
    actor: User,
    role: SignRole,
    deputy: User,
    from_day: date,
    until_day: date,
    now: datetime,
) -> Deputy:
    """A signer names who signs in their place. Raises NotAllowed or Invalid."""
    require_holder(actor, role)
    errors = []
    if deputy.pk == actor.pk or not deputy.is_active:
        errors.append(
            FieldError("/deputy", "invalid", "Name another person with an account.")
        )
    elif not access.has_a_say(deputy):
        errors.append(
            FieldError(
                "/deputy",
                "no_say",
                "An auditor, an administrator or a service account signs nothing.",
            )
        )
    if until_day < from_day or until_day < clock.today(now):
        errors.append(
            FieldError("/until", "invalid", "The last day is before the first or past.")
        )
    if errors:
        raise Invalid("This deputy cannot be named.", errors=errors)
    row = Deputy.objects.create(
        role=role,
        signer=actor,
        deputy=deputy,
        from_day=from_day,
        until_day=until_day,
        named_at=now,
    )
    audit.record(
        "deputy.named",
        f"user/{actor.username}",
        actor=actor,
        now=now,
        after={
            "role": str(role),
            "deputy": deputy.username,
            "from": from_day.isoformat(),
            "until": until_day.isoformat(),
        },
    )
    return row


@transaction.atomic
def end_deputy(*, deputy_id: int, actor: User, now: datetime) -> None:
    """A signer takes a deputy back. Raises NotFound or NotAllowed."""
    row = Deputy.objects.select_for_update().filter(pk=deputy_id).first()
    if row is None:
        raise NotFound("There is no such deputy.")
    require_own(row, actor)
    audit.record(
        "deputy.ended",
        f"user/{actor.username}",
        actor=actor,
        now=now,
        before={"role": row.role, "deputy": row.deputy.username},
    )
    row.delete()


def require_holder(actor: User, role: SignRole) -> None:
    """403: one names a deputy for a role that one holds."""
    access.require(actor, "deputy.name")
    if not actor.has_role(str(role)):
        raise NotAllowed(
            f"You do not hold the role {role}, so you name no deputy for it."
        )


def require_own(deputy: Deputy, actor: User) -> None:
    """403: who named a deputy takes them back, and nobody else."""
    if deputy.signer_id != actor.pk:
        raise NotAllowed(
            f"Only {deputy.signer.display_name} can take this deputy back."
        )
