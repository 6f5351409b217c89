"""Accounts: who pays for a group of users, and who is told about their gates.

Kept by finance, who knows the billing administrators, and by an administrator.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from capacity.models import Account
from capacity.selectors.gate_problems import AccountTaken
from portal.kernel import access
from portal.kernel.errors import NotFound, Stale
from portal.kernel.models import User
from portal.kernel.services import audit
from portal.kernel.services.validation import require_valid

EDITABLE = ("name", "owner_email", "billing_email")


@transaction.atomic
def create_account(*, actor: User, values: Mapping[str, str], now: datetime) -> Account:
    """Add an account by the id that runtimes send. Raises NotAllowed, Invalid or
    AccountTaken."""
    access.require(actor, "gate_account.edit")
    account = Account(
        code=values["code"],
        edited_at=now,
        **{name: values.get(name, "") for name in EDITABLE},
    )
    taken = AccountTaken(f"There is an account {account.code} already.")
    if Account.objects.filter(code=account.code).exists():
        raise taken
    require_valid(account)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        raise taken from None
    audit.record(
        "gate_account.created",
        f"account/{account.code}",
        actor=actor,
        now=now,
        after=_plain(account),
    )
    return account


@transaction.atomic
def edit_account(
    *,
    code: str,
    actor: User,
    changes: Mapping[str, str],
    now: datetime,
    if_version: int | None = None,
) -> Account:
    """Change name and addresses; the id stays, since runtimes send it.

    Raises NotFound, NotAllowed, Stale or Invalid.
    """
    access.require(actor, "gate_account.edit")
    account = Account.objects.select_for_update().filter(code=code).first()
    if account is None:
        raise NotFound(f'There is no account "{code}".')
    if if_version is not None and account.version != if_version:
        raise Stale(f"Account {code} changed since you read it; nothing was saved.")
    before = _plain(account)
    changed = [
        name for name in EDITABLE if changes.get(name, before[name]) != before[name]
    ]
    if not changed:
        return account
    for name in changed:
        setattr(account, name, changes[name])
    require_valid(account)
    account.version += 1
    account.edited_at = now
    account.save(update_fields=[*changed, "version", "edited_at"])
    audit.record_change(
        "gate_account.edited",
        f"account/{code}",
        actor=actor,
        now=now,
        before=before,
        after=_plain(account),
    )
    return account


def _plain(account: Account) -> dict[str, str]:
    return {name: getattr(account, name) for name in EDITABLE}
