"""The audit trail: who, when, what before, what after, why, from where.

The database itself numbers, links and hashes each entry as it is inserted (trigger
`audit_chain`), so that every door, raw SQL included, extends one gapless chain.
docs/adr/0004-audit-chain.md says why.
"""

import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from portal.kernel.chain import GENESIS_HASH
from portal.kernel.enums import Source
from portal.kernel.models.guards import append_only

# Serialises writers of the chain until they commit. Any constant will do.
CHAIN_LOCK = 0x5765_6967_6862


# What an entry's hash covers. A JSON array leaves no doubt where one field ends and
# the next begins; the time is taken in UTC, because the text of a timestamptz
# follows the session's time zone. `{}` is the row: NEW in the trigger, the table's
# name in the verifier.
PAYLOAD_SQL = (
    "jsonb_build_array({0}.id, {0}.at AT TIME ZONE 'UTC', {0}.actor_id,"
    " {0}.actor_username, {0}.action, {0}.object, {0}.before, {0}.after,"
    " {0}.reason, {0}.source, {0}.request_id, {0}.address, {0}.previous_hash)::text"
)

CHAIN_FUNCTION = f"""
    PERFORM pg_advisory_xact_lock({CHAIN_LOCK});
    SELECT entry.id, entry.hash INTO last
        FROM {{meta.db_table}} AS entry ORDER BY entry.id DESC LIMIT 1;
    NEW.id := COALESCE(last.id, 0) + 1;
    NEW.previous_hash := COALESCE(last.hash, '{GENESIS_HASH}');
    NEW.hash := encode(
        sha256(convert_to({PAYLOAD_SQL.format("NEW")}, 'UTF8')), 'hex'
    );
    RETURN NEW;
"""  # noqa: S608 - constants only


class AuditEntry(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        # The trail is searched by the name; only a deletion would look for the key.
        db_index=False,
        help_text="Empty: the system itself.",
    )
    # Beside the key, so that an entry still reads the same after a renaming.
    actor_username = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=100)
    object = models.CharField(max_length=200, help_text='Such as "workload/W-01".')
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True)
    source = models.CharField(
        max_length=16, choices=[(source, source) for source in Source]
    )
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    # Filled in by the trigger; the default only makes an insert return them.
    previous_hash = models.CharField(max_length=64, editable=False, db_default="")
    hash = models.CharField(max_length=64, editable=False, db_default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object", "-id"], name="audit_of_an_object"),
            models.Index(fields=["actor_username", "-id"], name="audit_of_an_actor"),
            models.Index(fields=["action", "-id"], name="audit_of_an_action"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=[str(source) for source in Source]),
                name="audit_source_is_known",
            ),
            models.CheckConstraint(
                condition=Q(hash__regex=r"^[0-9a-f]{64}$")
                & Q(previous_hash__regex=r"^[0-9a-f]{64}$"),
                name="audit_hashes_are_sha256",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="audit_chain",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last", "RECORD")],
                func=pgtrigger.Func(CHAIN_FUNCTION),
            ),
            *append_only("audit"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.action} {self.object}"
