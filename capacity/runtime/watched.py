"""What the gate server tells of itself: that it lives, and what it counted."""

import orjson

from capacity.runtime.counter import Counter


def liveness(counter: Counter) -> bytes:
    """`database` is whether it is reached; the server lives without, too."""
    snapshot = counter.snapshot
    return orjson.dumps(
        {
            "status": "alive",
            "database": "up" if counter.desk.is_up else "down",
            "epoch": snapshot.epoch if snapshot else None,
        }
    )


def exposition(counter: Counter) -> bytes:
    """Prometheus text. `unreachable` are answers from memory: what policies let pass or
    held while the database was out of reach."""
    counted = counter.answered
    lines = [
        "# HELP weighbridge_gate_decisions_total Decisions answered, by action.",
        "# TYPE weighbridge_gate_decisions_total counter",
        *(
            f'weighbridge_gate_decisions_total{{action="{action}"}} {number}'
            for action, number in sorted(counted.items())
            if action != "unreachable"
        ),
        "# HELP weighbridge_gate_unreachable_total Of these, answered from memory.",
        "# TYPE weighbridge_gate_unreachable_total counter",
        f"weighbridge_gate_unreachable_total {counted['unreachable']}",
    ]
    return ("\n".join(lines) + "\n").encode()
