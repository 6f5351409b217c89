"""When somebody was here before, for "since your last visit"."""

from datetime import datetime, timedelta

from django.db.models import Q

from portal.kernel.models import User

# After that much silence the next page begins a new visit.
VISIT_ENDS_AFTER = timedelta(minutes=30)
NOTED_EVERY = timedelta(minutes=1)


def record_visit(user: User, *, now: datetime) -> None:
    """Note that `user` is here, writing at most once a minute.

    `previous_visit_at` is the last moment of the visit before the present one.
    """
    seen = user.last_visit_at
    if seen is not None and seen > now - NOTED_EVERY:
        return
    begins = seen is None or seen <= now - VISIT_ENDS_AFTER
    values = {"last_visit_at": now}
    if begins and seen is not None:
        values["previous_visit_at"] = seen
    # Of two pages that load at once, the second must not push the first one's moment
    # into previous_visit_at.
    unchanged = Q(last_visit_at=seen) if seen else Q(last_visit_at__isnull=True)
    if User.objects.filter(unchanged, pk=user.pk).update(**values):
        for field, value in values.items():
            setattr(user, field, value)
