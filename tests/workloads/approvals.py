"""The approvals as tests of their pages press them."""

from workloads.models import Estimate

OPS = "/approvals/W-01/1/ops/"
SHORT = {"engineering": "ines", "finance": "felix", "ops": "noor"}


def approve(estimate: Estimate, **changed: str) -> dict[str, str]:
    return {"verdict": "approve", "sha256": estimate.sha256, **changed}
