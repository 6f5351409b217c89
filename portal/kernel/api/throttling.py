"""Calls a minute, for each token, or for each person in a browser.

A fixed window in the shared cache. Without the cache each process counts for itself:
a limit that is looser for a while is better than an API that is down.
"""

import logging
import threading
from datetime import datetime
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from portal.kernel.errors import TooMany

log = logging.getLogger(__name__)
WINDOW_SECONDS = 60
LEFT_ALONE_SECONDS = 15


class _OwnCounts:
    """This process's counts of the present minute, for when the cache is gone.

    After a failure the cache is left alone for a while: each try may cost a time-out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[str, int] = {}
        self._leave_cache_until = 0.0

    def cache_failed(self, reason: Exception) -> None:
        if not self._leave_cache_until:
            log.warning("rate limits count in the process: %r", reason)
        self._leave_cache_until = monotonic() + LEFT_ALONE_SECONDS

    def cache_answered(self) -> None:
        if self._leave_cache_until:
            log.warning("rate limits count in the cache again")
            self._leave_cache_until = 0.0

    @property
    def cache_is_worth_a_try(self) -> bool:
        return monotonic() >= self._leave_cache_until

    def add(self, caller: str, window: int) -> int:
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            self._counts[caller] = self._counts.get(caller, 0) + 1
            return self._counts[caller]


_own = _OwnCounts()


def count_call(user: Any, token: Any, now: datetime) -> None:
    """Count one call; 429 with Retry-After when the minute's calls are used up."""
    caller = f"token:{token.pk}" if token is not None else f"user:{user.pk}"
    window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
    limit: int = settings.API_RATE_LIMIT
    if _counted(caller, window) <= limit:
        return
    wait = WINDOW_SECONDS - passed
    raise TooMany(
        f"This caller has used its {limit} calls of this minute. The next one counts"
        f" in {wait} s.",
        extra={"limit_per_minute": limit},
        headers={"Retry-After": str(wait)},
    )


def _counted(caller: str, window: int) -> int:
    if not _own.cache_is_worth_a_try:
        return _own.add(caller, window)
    try:
        count = _counted_by_the_cache(f"calls:{caller}:{window}")
    except (RedisError, OSError) as error:
        _own.cache_failed(error)
        return _own.add(caller, window)
    _own.cache_answered()
    return count


def _counted_by_the_cache(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        # The first call of the window; or of two first ones, the slower.
        # Twice the window, so that a count does not end while it is still used.
        first = cache.add(key, 1, timeout=2 * WINDOW_SECONDS)
    return 1 if first else cache.incr(key)
