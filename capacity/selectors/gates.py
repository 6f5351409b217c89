"""Which workloads a gate holds back. Policies come with the gates."""


def with_active_gate() -> frozenset[str]:
    """References of workloads with an active gate: none before there are gates."""
    return frozenset()
