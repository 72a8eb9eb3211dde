"""Prometheus' pages about itself: rules, alerts, targets, metadata, status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opsrange.telemetry.alerting import Alert, Alerts, GroupStatus, RuleStatus
from opsrange.telemetry.api.parameters import BadParameter, Parameters
from opsrange.telemetry.metrics import MetricStore
from opsrange.telemetry.templates import exponent_text
from opsrange.types import Json, rfc3339, rfc3339_micro
from opsrange.world import Kernel

VERSION = "2.42.0"
"""The release whose semantics ``promql`` follows."""

CONFIG = """global:
  scrape_interval: 15s
  scrape_timeout: 10s
  evaluation_interval: 30s
alerting:
  alertmanagers:
  - static_configs:
    - targets:
      - alertmanager:9093
rule_files:
- /etc/prometheus/rules/*.yaml
"""


class StatusPages:
    """The routes below ``/api/v1`` that describe the server."""

    def __init__(self, kernel: Kernel, store: MetricStore, alerts: Alerts) -> None:
        self._kernel = kernel
        self._store = store
        self._alerts = alerts
        self._started_ms = kernel.now_ms
        self.routes: dict[str, Callable[[Parameters], Any]] = {
            "alerts": lambda _parameters: {"alerts": [_alert(a) for a in alerts.active()]},
            "alertmanagers": lambda _parameters: {
                "activeAlertmanagers": [{"url": "http://alertmanager:9093/api/v2/alerts"}],
                "droppedAlertmanagers": [],
            },
            "metadata": self._metadata,
            "rules": self._rules,
            "status/buildinfo": lambda _parameters: _BUILD,
            "status/config": lambda _parameters: {"yaml": CONFIG},
            "status/flags": lambda _parameters: {"query.lookback-delta": "5m"},
            "status/runtimeinfo": lambda _parameters: self._runtime(),
            "status/tsdb": lambda _parameters: self._tsdb(),
            "targets": self._targets,
        }

    def _rules(self, parameters: Parameters) -> Json:
        wanted = parameters.one("type")
        if wanted not in ("", "alert", "record"):
            raise BadParameter(f'invalid parameter "type": not supported value "{wanted}"')
        names = parameters.all("rule_name[]")
        groups = []
        for group in self._alerts.groups:
            rules = [
                _rule(status)
                for status in group.rules
                if wanted in ("", "alert" if status.rule.alert else "record")
                and (not names or status.rule.name in names)
            ]
            if rules:
                groups.append(self._group(group, rules))
        return {"groups": groups}

    def _group(self, group: GroupStatus, rules: list[Json]) -> Json:
        return {
            "name": group.group.name,
            "file": f"/etc/prometheus/rules/{group.group.name}.yaml",
            "rules": rules,
            "interval": _seconds(group.group.interval_ms),
            "limit": 0,
            "evaluationTime": 0.0011,
            "lastEvaluation": _evaluated(max(status.evaluated_ms for status in group.rules)),
        }

    def _targets(self, parameters: Parameters) -> Json:
        """One active target for each pair of job and instance that a live series carries."""
        last = len(self._store.times)
        found: dict[tuple[str, str], None] = {}
        for column, labels in enumerate(self._store.series):
            known = dict(labels)
            if "job" in known and "instance" in known:
                pair = (known["job"], known["instance"])
                if pair not in found and self._store.present(column, (max(0, last - 2), last)):
                    found[pair] = None
        active = [self._target(job, instance) for job, instance in sorted(found)]
        if parameters.one("state") == "dropped":
            active = []
        return {"activeTargets": active, "droppedTargets": []}

    def _target(self, job: str, instance: str) -> Json:
        url = f"http://{instance}/metrics"
        scraped_ms = self._store.times[-1] if self._store.times else 0
        return {
            "discoveredLabels": {
                "__address__": instance,
                "__metrics_path__": "/metrics",
                "__scheme__": "http",
                "job": job,
            },
            "labels": {"instance": instance, "job": job},
            "scrapePool": job,
            "scrapeUrl": url,
            "globalUrl": url,
            "lastError": "",
            "lastScrape": rfc3339_micro(scraped_ms),
            "lastScrapeDuration": 0.0042,
            "health": "up",
            "scrapeInterval": "15s",
            "scrapeTimeout": "10s",
        }

    def _metadata(self, parameters: Parameters) -> Json:
        limit = parameters.whole("limit", -1)
        wanted = parameters.one("metric")
        families = sorted({_family(name) for name in self._store.by_name})
        known = [family for family in families if wanted in ("", family[0])]
        kept = known[: limit if limit >= 0 else None]
        return {name: [{"type": kind, "help": "", "unit": ""}] for name, kind in kept}

    def _runtime(self) -> Json:
        return {
            "startTime": rfc3339(self._started_ms),
            "CWD": "/prometheus",
            "reloadConfigSuccess": True,
            "lastConfigTime": rfc3339(self._started_ms),
            "corruptionCount": 0,
            "goroutineCount": 64,
            "GOMAXPROCS": 2,
            "GOMEMLIMIT": 9223372036854775807,
            "GOGC": "",
            "GODEBUG": "",
            "storageRetention": f"{self._store.retention_ms // 3_600_000}h",
        }

    def _tsdb(self) -> Json:
        store = self._store
        counts = sorted(
            ((len(columns), name) for name, columns in store.by_name.items()),
            key=lambda pair: (-pair[0], pair[1]),
        )
        return {
            "headStats": {
                "numSeries": len(store.series),
                "numLabelPairs": len({pair for labels in store.series for pair in labels}),
                "chunkCount": len(store.series),
                "minTime": store.times[0] if store.times else 0,
                "maxTime": store.times[-1] if store.times else 0,
            },
            "seriesCountByMetricName": [{"name": n, "value": count} for count, n in counts[:10]],
        }


_BUILD = {
    "version": VERSION,
    "revision": "",
    "branch": "",
    "buildUser": "",
    "buildDate": "",
    "goVersion": "go1.19.8",
}


def _family(name: str) -> tuple[str, str]:
    """The metric family and type a series name suggests by convention."""
    for suffix in ("_bucket",):
        if name.endswith(suffix):
            return name.removesuffix(suffix), "histogram"
    return name, "counter" if name.endswith(("_total", "_count", "_sum")) else "gauge"


def _seconds(duration_ms: int) -> float | int:
    return duration_ms / 1000 if duration_ms % 1000 else duration_ms // 1000


def _evaluated(instant_ms: int) -> str:
    return rfc3339_micro(instant_ms) if instant_ms else "0001-01-01T00:00:00Z"


def _alert(alert: Alert) -> Json:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": rfc3339_micro(alert.active_ms),
        "value": exponent_text(alert.value),
    }


def _rule(status: RuleStatus) -> Json:
    rule = status.rule
    document: Json = {"name": rule.name, "query": rule.expr, "labels": dict(rule.labels)}
    if rule.alert:
        document = {
            "state": status.state,
            "name": rule.name,
            "query": rule.expr,
            "duration": _seconds(rule.for_ms),
            "keepFiringFor": _seconds(rule.keep_firing_for_ms),
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
            "alerts": [_alert(alert) for alert in status.alerts.values()],
        }
    document["health"] = status.health
    if status.error:
        document["lastError"] = status.error
    document["evaluationTime"] = 0.0003
    document["lastEvaluation"] = _evaluated(status.evaluated_ms)
    document["type"] = "alerting" if rule.alert else "recording"
    return document
