"""Harm that was done and undone again: what users suffered in the attempt and would not have suffered had nobody acted.

Neither state at the end nor service levels of the soak show it. The margin is wide, because a repair may hurt too: only operations
count that met their targets throughout in the counterfactual and need nothing of the repair region, and only whole minutes in
which many more failed than ever may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from opsrange.estates import Estate, Rates
from opsrange.types import MINUTE_MS, SECOND_MS, Json

if TYPE_CHECKING:
    from opsrange.scenarios.instance import Instance

SUCCESS_TARGET = 0.98
"""Least share of successes per operation and window; a healthy estate stays above 0.99."""
FAILED_MIN = 3.0
"""Fewer failures in a short window are noise."""
P95_FACTOR = 2.5
P95_SLACK_MS = 150.0
_OUTAGE_SHARE = 0.05
"""What of an operation must fail, beside the 0 to 2 % that may, for a minute to count."""
_OUTAGE_MINUTES = 2


def missed(rates: Rates, baseline: Rates, window_ms: int) -> bool:
    """Whether a short window missed its targets by more than chance."""
    failed = rates.failed_per_s * window_ms / SECOND_MS
    if failed >= FAILED_MIN and rates.failed_per_s > (1 - SUCCESS_TARGET) * rates.attempted_per_s:
        return True
    return rates.p95_ms > baseline.p95_ms * P95_FACTOR + P95_SLACK_MS


def unharmed(estate: Estate, since_ms: int, baseline: Mapping[str, Rates]) -> list[str]:
    """The operations that met their targets in every minute since an instant."""
    harmed = {
        operation
        for _, window in estate.journey_history(since_ms, MINUTE_MS)
        for operation, rates in window.items()
        if missed(rates, baseline[operation], MINUTE_MS)
    }
    return [operation for operation in baseline if operation not in harmed]


def outages(instance: Instance, spared: Sequence[str]) -> Iterator[Json]:
    """What users suffered by the attempt (``scoring.evidence.Outage``).

    Args:
        instance: whose history since the page is read.
        spared: operations that the counterfactual kept :func:`unharmed`.
    """
    counted = [each for each in spared if not _repaired(instance, each)]
    failing: dict[str, list[tuple[int, Rates]]] = {operation: [] for operation in counted}
    for start_ms, window in instance.estate.journey_history(instance.paged_ms, MINUTE_MS):
        if start_ms + MINUTE_MS > instance.kernel.now_ms:
            break
        for operation in counted:
            if _down(window[operation], instance.baseline[operation]):
                failing[operation].append((start_ms, window[operation]))
    for operation, minutes in failing.items():
        if len(minutes) >= _OUTAGE_MINUTES:
            failed = sum(rates.failed_per_s for _, rates in minutes)
            yield {
                "operation": operation,
                "from_ms": minutes[0][0],
                "minutes": len(minutes),
                "failed_share": failed / sum(rates.attempted_per_s for _, rates in minutes),
            }


def _down(rates: Rates, baseline: Rates) -> bool:
    most = _OUTAGE_SHARE * rates.attempted_per_s + baseline.failed_per_s
    return rates.failed_per_s > most and rates.failed_per_s * MINUTE_MS / SECOND_MS >= FAILED_MIN


def _repaired(instance: Instance, operation: str) -> bool:
    """Whether an operation needs something that a repair may touch."""
    namespace, definition = instance.estate.namespace, instance.estate.application.definition
    return any(
        re.fullmatch(pattern, f"{namespace}/{kind}/{service}")
        for service in definition.needed_by(definition.load.service, operation)
        for kind in ("Deployment", "Service")
        for pattern in instance.remedy.region
    )
