"""The band around the token forecast: drawn once for all that it is drawn from.

What it was drawn from is compared value by value, never by age or version: a change of the
plan, of a price or of a number draws it anew, and what is kept is never out of date.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from capacity.formulas.forecast import Sized
from capacity.formulas.monte_carlo import Band, tokens_bands
from capacity.formulas.scenarios import Setting
from capacity.selectors.forecast import Ground
from capacity.selectors.problems import UNTOLD, not_forecast
from portal.kernel.periods import Month

# A band on a page: enough for its edges to stand still from one plan to the next.
SAMPLES, SEED = 2_000, 7
# Quarters and statuses that people look at side by side, in one process.
MOST_KEPT = 32

_kept: OrderedDict[Hashable, dict[Month, Band]] = OrderedDict()
_lock = Lock()


def tokens_band(on: Ground, first: Month, months: int) -> dict[Month, Band]:
    """Money by month. `PriceMissing` and `GrowthOutOfReach` as the forecast. No query."""
    setting = Setting(
        workloads=on.plan.sized,
        periods=on.periods(first, months),
        numbers=on.numbers,
        rates=on.rates,
        reserve_left={},
        ops_hour_price=on.current.ops_hour_price,
    )
    key = _drawn_from(setting, first, months)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    try:
        bands = tokens_bands(setting, samples=SAMPLES, seed=SEED)
    except UNTOLD as error:
        raise not_forecast(error) from error
    found = {first.plus(n): band for n, band in enumerate(bands)}
    with _lock:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _drawn_from(setting: Setting, first: Month, months: int) -> Hashable:
    """Every value that a sample of the months' token cost is computed from."""
    card = setting.rates.card
    return (
        (first, months, SAMPLES, SEED, setting.numbers.ramp),
        tuple((name, tuple(some)) for name, some in sorted(card.prices.items())),
        tuple(_workload(one) for one in setting.workloads),
    )


def _workload(one: Sized) -> Hashable:
    # Hours and minutes cost no token, yet a range of theirs moves the stream of draws.
    return (
        (one.ref, one.model, one.users, one.per_user, one.cached_input_share),
        (one.growth_per_month, one.grows_from, one.ships, one.retired),
        tuple(sorted(one.ranges.items())),
        tuple(sorted(one.inputs.items())),
    )
