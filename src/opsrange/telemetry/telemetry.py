"""One estate's observability: the stores, the rules, and the three APIs over them."""

from __future__ import annotations

from opsrange.telemetry.alerting import Alerts
from opsrange.telemetry.api.alertmanager import AlertmanagerApi
from opsrange.telemetry.api.jaeger import JaegerApi
from opsrange.telemetry.api.prometheus import PrometheusApi
from opsrange.telemetry.logs import LogStore
from opsrange.telemetry.metrics import MetricStore
from opsrange.telemetry.ruleset import read_rules
from opsrange.telemetry.traces import TraceStore
from opsrange.types import SECOND_MS
from opsrange.world import Kernel

SCRAPE_PERIOD_MS = 15 * SECOND_MS
RULES_PERIOD_MS = 30 * SECOND_MS
SCRAPE_PRIORITY = 50
"""After everything else of the instant, so that a scrape sees it."""
RULES_PRIORITY = 60


class Telemetry:
    """Stores, alert rules and APIs of one world.

    Args:
        kernel: clock, streams and journal.
        rules_yaml: Prometheus rule files, e.g. :func:`~opsrange.telemetry.ruleset.default_rules`.

    Raises:
        AuthorError: when the rules cannot be read.
    """

    def __init__(self, kernel: Kernel, rules_yaml: str) -> None:
        self._kernel = kernel
        self._stopped = False
        self.metrics = MetricStore(kernel)
        self.logs = LogStore()
        self.traces = TraceStore()
        self.alerts = Alerts(kernel, self.metrics, read_rules(rules_yaml))
        self.prometheus = PrometheusApi(kernel, self.metrics, self.alerts)
        self.alertmanager = AlertmanagerApi(kernel, self.alerts)
        self.jaeger = JaegerApi(kernel, self.traces)

    def start(self) -> None:
        """Scrape every 15 s and evaluate rules every 30 s of virtual time, from the next multiple on."""
        self._kernel.every(SCRAPE_PERIOD_MS, self._scrape, priority=SCRAPE_PRIORITY)
        self._kernel.every(RULES_PERIOD_MS, self._evaluate, priority=RULES_PRIORITY)

    def stop(self) -> None:
        """Scrape and evaluate no more. Alerts stay as they are."""
        self._stopped = True

    def _scrape(self) -> None:
        if not self._stopped:
            self.metrics.scrape()

    def _evaluate(self) -> None:
        if not self._stopped:
            self.alerts.evaluate()
