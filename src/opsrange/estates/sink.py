"""Where the application's telemetry goes in this estate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsrange.apps.ports import Instance
from opsrange.telemetry.telemetry import Telemetry
from opsrange.types import Span
from opsrange.world import Kernel


class EstateSink:
    """Implements ``apps.ports.Sink`` over the telemetry stores."""

    def __init__(self, kernel: Kernel, telemetry: Telemetry) -> None:
        self._kernel = kernel
        self._logs = telemetry.logs
        self._traces = telemetry.traces
        self.count = telemetry.metrics.count
        self.gauge = telemetry.metrics.gauge
        self._buckets = telemetry.metrics.buckets

    def buckets(
        self, name: str, labels: Mapping[str, str], counts: Mapping[float, float], total_sum: float
    ) -> None:
        """Add to a histogram."""
        self._buckets(name, labels, counts, total_sum)

    def log(self, instance: Instance, text: str, *, offset_ms: int = 0) -> None:
        """Append a line to the instance's container log."""
        instant_ms = self._kernel.now_ms - offset_ms
        self._logs.append(instance.uid, instance.container, instance.restart, instant_ms, text)

    def trace(self, spans: Sequence[Span]) -> None:
        """Store a finished trace."""
        self._traces.add(spans)
