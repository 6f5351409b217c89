"""Who can mend what is missing: names, not only roles."""

from collections.abc import Sequence

from portal.kernel import access
from portal.kernel.formats import listed
from portal.kernel.models import User
from workloads.models import Workload
from workloads.rules.requirements import Requirement
from workloads.selectors.signoffs import contributor_ids, standing_rows

MOST_NAMES = 3


def people_with_a_say() -> list[User]:
    """Everyone active who holds a role, in one query: whom the access table may allow."""
    return list(
        User.objects.filter(is_active=True, roles__len__gt=0).order_by("name", "id")
    )


def menders(
    requirement: Requirement,
    workload: Workload,
    people: Sequence[User] | None = None,
    barred: frozenset[int] | None = None,
) -> list[User]:
    """The people who can mend one requirement of one workload, its owner first.

    Who asks for several requirements hands in `people` and `barred`, read once.
    """
    everyone = list(people if people is not None else people_with_a_say())
    owner = workload.owner
    if owner is not None and owner.is_active and owner not in everyone:
        everyone.append(owner)
    able = [
        user
        for user in everyone
        if any(
            access.allows(user, action, workload) for action in requirement.mended_by
        )
    ]
    if requirement.code.startswith("signoff_"):
        if barred is None:
            barred = barred_from_signing(workload)
        able = [user for user in able if user.pk not in barred]
    return sorted(able, key=lambda user: user.pk != workload.owner_id)


def barred_from_signing(workload: Workload) -> frozenset[int]:
    """Owner, contributors of the newest submitted version, and who signed it already."""
    barred = {workload.owner_id} if workload.owner_id else set()
    estimate = workload.submitted_estimate
    if estimate is not None:
        barred |= contributor_ids(estimate)
        for row in standing_rows(estimate):
            barred |= {row.signer_id, row.on_behalf_of_id or row.signer_id}
    return frozenset(barred)


def who_can_mend(
    requirement: Requirement,
    workload: Workload,
    people: Sequence[User] | None = None,
    barred: frozenset[int] | None = None,
) -> str:
    """ "Ines Duarte can mend it.", or who would be needed where nobody can."""
    able = menders(requirement, workload, people, barred)
    if not able:
        wanted = " or ".join(
            access.who_can(action, workload) for action in requirement.mended_by
        )
        return f"Nobody here can mend it yet: it takes {wanted}."
    names = [user.display_name for user in able[:MOST_NAMES]]
    if len(able) > MOST_NAMES:
        names.append(f"{len(able) - MOST_NAMES} more")
    return f"{listed(names, 'or')} can mend it."
