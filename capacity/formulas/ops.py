"""Hours a week that people spend on the workloads of a quarter. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class OpsLoad:
    """Required hours a week in one quarter, in their three parts."""

    stable: Decimal
    first_quarter: Decimal
    platform: Decimal

    @property
    def hours_week(self) -> Decimal:
        return self.stable + self.first_quarter + self.platform


def ops_load(
    *,
    stable_hours_week: Decimal,
    workloads: int,
    shipping: int,
    uplift_hours_week: Decimal,
    platform_hours_week: Decimal,
) -> OpsLoad:
    """Stable hours + uplift for each that ships in the quarter + platform work.

    `stable_hours_week` is the sum over the `workloads` live in the quarter or shipping in
    it; platform improvements count from the second workload on. Hours a week.
    Five at 6 hours, one of them shipping: 5 × 6 + 12 + 4 = 46.
    """
    return OpsLoad(
        stable=stable_hours_week,
        first_quarter=uplift_hours_week * shipping,
        platform=platform_hours_week if workloads > 1 else Decimal(0),
    )
