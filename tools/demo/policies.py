"""Whether a backend's size moved within the policies that its manifest declares."""

import math
from collections.abc import Sequence
from typing import Any

from tools.demo.history import Size

# A watch tells of a change a little after the operator made it: two changes may look nearer than they were.
_LAG_SECONDS = 1.0


def violations(sizes: Sequence[Size], behavior: dict[str, Any]) -> list[str]:
    """A sentence for each change of `sizes` (in order of time) that no policy of `behavior` allows."""
    found = []
    for before, after in zip(sizes, sizes[1:], strict=False):
        if after.replicas == before.replicas:
            continue
        rules = behavior["scaleUp" if after.replicas > before.replicas else "scaleDown"]
        allowed = [_limit(sizes, after, policy) for policy in rules["policies"]]
        if after.replicas > before.replicas:
            broken = after.replicas > max(allowed)
        else:
            broken = after.replicas < min(allowed)
        if broken:
            found.append(f"{before.replicas} -> {after.replicas}, allowed: {allowed}")
    return found


def _limit(sizes: Sequence[Size], after: Size, policy: dict[str, Any]) -> int:
    """Where a policy stops the change that led to `after`."""
    since = after.time - policy["periodSeconds"] + _LAG_SECONDS
    earlier = [size for size in sizes if size.time <= since]
    start = (earlier[-1] if earlier else sizes[0]).replicas
    is_percent = policy["type"] == "Percent"
    if after.replicas > start:
        return math.ceil(start * (1 + policy["value"] / 100)) if is_percent else start + policy["value"]
    return math.floor(start * (1 - policy["value"] / 100)) if is_percent else start - policy["value"]
