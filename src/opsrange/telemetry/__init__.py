"""Metrics, logs, traces, alerts: stores, query languages and their HTTP APIs, without sockets.

Belongs here: what an observability stack does. Does not: where the numbers come from (apps, kube).
"""

from opsrange.telemetry.ruleset import default_rules
from opsrange.telemetry.telemetry import Telemetry

__all__ = ["Telemetry", "default_rules"]
