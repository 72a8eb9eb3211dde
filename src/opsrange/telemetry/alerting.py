"""Evaluation of rules: what is recorded, what is pending, what fires.

Belongs here: the life of an alert inside Prometheus. Does not: silences and grouping (Alertmanager's side, ``silences``
and ``api.alertmanager``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opsrange.telemetry.metrics import NAME, STALE, Labels, MetricStore
from opsrange.telemetry.promql import Engine, PromqlError
from opsrange.telemetry.ruleset import Group, Rule
from opsrange.telemetry.silences import SilenceBook
from opsrange.telemetry.templates import expand
from opsrange.types import Json
from opsrange.world import Kernel

TOPIC = "alert"


@dataclass(slots=True)
class Alert:
    """One alert of one rule: a label set for which the rule's expression held."""

    name: str
    labels: Mapping[str, str]
    """``alertname`` included."""
    annotations: Mapping[str, str]
    state: str
    """``pending`` or ``firing``."""
    active_ms: int
    """Since when the expression has held."""
    value: float
    fired_ms: int = 0
    last_held_ms: int = 0
    series: tuple[Labels, Labels] | tuple[()] = ()
    """What it is written as, ``ALERTS`` first; made anew when the state changes."""


@dataclass(slots=True)
class RuleStatus:
    """A rule with what its last evaluation found."""

    rule: Rule
    alerts: dict[Labels, Alert] = field(default_factory=dict)
    keys: dict[Labels, Labels] = field(default_factory=dict)
    """From the labels of a series to those of its alert, where they do not depend on the value."""
    written: dict[Labels, None] = field(default_factory=dict)
    """The series written by the last evaluation, to be ended when they are no longer."""
    health: str = "unknown"
    error: str = ""
    evaluated_ms: int = 0

    @property
    def state(self) -> str:
        """``inactive``, ``pending`` or ``firing``."""
        states = {alert.state for alert in self.alerts.values()}
        return next((state for state in ("firing", "pending") if state in states), "inactive")


@dataclass(frozen=True, slots=True)
class PostedAlert:
    """An alert from outside, as Alertmanager accepts it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int
    updated_ms: int
    generator_url: str


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A group with its rules' status."""

    group: Group
    rules: Sequence[RuleStatus]


class Alerts:
    """All rules of a world and the alerts they have raised, with the silences over them.

    Args:
        kernel: for the present instant and the journal.
        store: where results are written.
        groups: the rules.
    """

    def __init__(self, kernel: Kernel, store: MetricStore, groups: Sequence[Group]) -> None:
        self._kernel = kernel
        self._store = store
        self._engine = Engine(store)
        self.groups = [
            GroupStatus(group, [RuleStatus(rule) for rule in group.rules]) for group in groups
        ]
        self.silences = SilenceBook(kernel)
        self.posted: dict[Labels, PostedAlert] = {}
        """Alerts that someone posted to Alertmanager."""

    def evaluate(self) -> None:
        """Evaluate every group that is due at the present instant."""
        now_ms = self._kernel.now_ms
        with self._kernel.acting("prometheus"):
            for group in self.groups:
                if now_ms % group.group.interval_ms == 0:
                    for status in group.rules:
                        self._evaluate(status)

    def active(self) -> list[Alert]:
        """Pending and firing alerts of all rules, in the rules' order."""
        return [
            alert
            for group in self.groups
            for status in group.rules
            for alert in status.alerts.values()
        ]

    def firing(self) -> list[Alert]:
        """The firing ones, silenced or not."""
        return [alert for alert in self.active() if alert.state == "firing"]

    def post(self, alert: PostedAlert) -> None:
        """Take an alert from outside; one with the same labels is replaced."""
        self.posted[tuple(sorted(alert.labels.items()))] = alert
        data: Json = {
            "labels": dict(alert.labels),
            "starts": alert.starts_ms,
            "ends": alert.ends_ms,
        }
        self._kernel.record("alert.posted", data)

    def _evaluate(self, status: RuleStatus) -> None:
        rule, status.evaluated_ms = status.rule, self._kernel.now_ms
        try:
            vector = self._engine.vector(rule.expr, self._kernel.now_ms)
        except PromqlError as error:
            status.health, status.error = "err", error.message
            return
        status.health, status.error = "ok", ""
        if rule.alert:
            written = self._alert(status, list(vector))
        else:
            written = {}
            for labels, value in vector:
                merged = {**dict(labels), **rule.labels, NAME: rule.name}
                written[tuple(sorted((k, v) for k, v in merged.items() if v))] = value
        if written or status.written:
            for labels, value in written.items():
                self._store.write(labels, value)
            for labels in status.written:
                if labels not in written:
                    self._store.write(labels, STALE)
            status.written = dict.fromkeys(written)

    def _alert(
        self, status: RuleStatus, held: Sequence[tuple[Labels, float]]
    ) -> dict[Labels, float]:
        now_ms, rule = self._kernel.now_ms, status.rule
        seen: dict[Labels, None] = {}
        for labels, value in held:
            key = self._key(status, labels, value)
            seen[key] = None
            alert = status.alerts.get(key)
            if alert is None:
                alert = status.alerts[key] = Alert(
                    rule.name, dict(key), {}, "pending", now_ms, value
                )
                if rule.for_ms:
                    self._record("pending", alert)
            if value != alert.value or not alert.annotations:
                alert.annotations = _expanded(rule.annotations, dict(labels), value)
            alert.value, alert.last_held_ms = value, now_ms
            if alert.state == "pending" and now_ms - alert.active_ms >= rule.for_ms:
                alert.state, alert.fired_ms, alert.series = "firing", now_ms, ()
                self._record("firing", alert)
        for key, alert in list(status.alerts.items()):
            kept = alert.state == "firing" and now_ms - alert.last_held_ms < rule.keep_firing_for_ms
            if key not in seen and not kept:
                del status.alerts[key]
                self._record("resolved" if alert.state == "firing" else "inactive", alert)
        written: dict[Labels, float] = {}
        for alert in status.alerts.values():
            alert.series = alert.series or _series(alert)
            shown, since = alert.series
            written[shown], written[since] = 1.0, float(alert.active_ms // 1000)
        return written

    def _key(self, status: RuleStatus, labels: Labels, value: float) -> Labels:
        """The labels of the alert that a series of the rule's result raises."""
        key = status.keys.get(labels)
        if key is None:
            rule, series = status.rule, dict(labels)
            series.pop(NAME, None)
            merged = {**series, **_expanded(rule.labels, series, value), "alertname": rule.name}
            key = tuple(sorted((name, text) for name, text in merged.items() if text))
            if not any("{{" in text for text in rule.labels.values()):
                status.keys[labels] = key
        return key

    def _record(self, state: str, alert: Alert) -> None:
        data: Json = {"state": state, "labels": dict(alert.labels)}
        self._kernel.record(TOPIC, data)


def _expanded(texts: Mapping[str, str], series: Mapping[str, str], value: float) -> dict[str, str]:
    return {
        name: expand(text, series, value) if "{{" in text else text for name, text in texts.items()
    }


def _series(alert: Alert) -> tuple[Labels, Labels]:
    shown = {**alert.labels, "alertstate": alert.state, NAME: "ALERTS"}
    since = {**alert.labels, NAME: "ALERTS_FOR_STATE"}
    return tuple(sorted(shown.items())), tuple(sorted(since.items()))
