"""Calls a minute, for each token, or for each person in a browser.

A fixed window in the shared cache. Calls are taken from it in small handfuls (a
hundredth of the limit), so that most calls ask nobody. Without the cache each process
counts for itself: a limit that is looser for a while is better than an API that is down.
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
MOST_AT_ONCE = 20


class _OwnCounts:
    """This process's counts of the present minute, for when the cache is gone.

    After a failure the cache is left alone for a while: each try may cost a time-out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[str, int] = {}
        self._hands: dict[str, tuple[int, int]] = {}
        self._leave_cache_until = 0.0

    def from_the_hand(self, caller: str, window: int) -> int | None:
        """The next of the calls taken from the cache before; None when all are used."""
        with self._lock:
            self._turn_to(window)
            number, last = self._hands.get(caller, (1, 0))
            if number > last:
                return None
            self._hands[caller] = (number + 1, last)
            return number

    def take_in_hand(self, caller: str, window: int, first: int, last: int) -> int:
        with self._lock:
            self._turn_to(window)
            self._hands[caller] = (first + 1, last)
            return first

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
            self._turn_to(window)
            self._counts[caller] = self._counts.get(caller, 0) + 1
            return self._counts[caller]

    def _turn_to(self, window: int) -> None:
        if window != self._window:
            self._window, self._counts, self._hands = window, {}, {}


_own = _OwnCounts()


def count_call(user: Any, token: Any, now: datetime) -> None:
    """Count one call; 429 with Retry-After when the minute's calls are used up."""
    caller = f"token:{token.pk}" if token is not None else f"user:{user.pk}"
    window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
    limit: int = settings.API_RATE_LIMIT
    if _counted(caller, window, max(1, min(limit // 100, MOST_AT_ONCE))) <= limit:
        return
    wait = WINDOW_SECONDS - passed
    raise TooMany(
        f"This caller has used its {limit} calls of this minute. The next one counts"
        f" in {wait} s.",
        extra={"limit_per_minute": limit},
        headers={"Retry-After": str(wait)},
    )


def _counted(caller: str, window: int, handful: int) -> int:
    """Which call of this minute this is, at most."""
    held = _own.from_the_hand(caller, window)
    if held is not None:
        return held
    if not _own.cache_is_worth_a_try:
        return _own.add(caller, window)
    try:
        last = _taken_from_the_cache(f"calls:{caller}:{window}", handful)
    except (RedisError, OSError) as error:
        _own.cache_failed(error)
        return _own.add(caller, window)
    _own.cache_answered()
    return _own.take_in_hand(caller, window, last - handful + 1, last)


def _taken_from_the_cache(key: str, handful: int) -> int:
    try:
        return cache.incr(key, handful)
    except ValueError:
        # The first call of the window; or of two first ones, the slower.
        # Twice the window, so that a count does not end while it is still used.
        first = cache.add(key, handful, timeout=2 * WINDOW_SECONDS)
    return handful if first else cache.incr(key, handful)
