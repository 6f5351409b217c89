"""Bundles as the portal writes them."""

from typing import Any

TIER: dict[str, Any] = {
    "tier": "standard",
    "ceiling_tokens": 10_000,
    "overage": "soft_cap",
    "metered_opt_in": False,
    "overage_limit_tokens": None,
}


def bundle_of(
    *, switches: Any = (), limits: Any = (), tier: Any = None, **gate: Any
) -> dict[str, Any]:
    """One workload, W-01, whose gate allows while nobody answers, unless said."""
    return {
        "time_zone": "UTC",
        "workloads": [
            {
                "workload": "W-01",
                "department": "support",
                "version": 3,
                "mode": "enforce",
                "primary_model": "Sonnet",
                "degrade_model": "Haiku",
                "on_unreachable": "allow",
                "ends_on": None,
                "tiers": [TIER | (tier or {})],
                **gate,
            }
        ],
        "kill_switches": list(switches),
        "spend_limits": list(limits),
    }
