"""What the pager says. Only what alerts say: no hint beyond them."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.estates import Alert, Estate
from opsrange.types import rfc3339

_SHOWN_MAX = 6


def page_text(estate: Estate, alerts: Sequence[Alert]) -> str:
    """The page as the on-call engineer reads it.

    Args:
        estate: for the namespace, and the present instant.
        alerts: those that page, the first one first.
    """
    lines = [
        (
            f"PAGE {rfc3339(estate.kernel.now_ms)}: you are on call for the web shop that runs in the Kubernetes namespace"
            f" {estate.namespace}."
        ),
        "",
        "Firing alerts:",
    ]
    entries = list(dict.fromkeys(_entry(alert) for alert in alerts))
    lines += entries[:_SHOWN_MAX]
    if len(entries) > _SHOWN_MAX:
        lines.append(f"- and {len(entries) - _SHOWN_MAX} more; see Alertmanager")
    lines += [
        "",
        (
            "You have a shell on a bastion host. kubectl is configured. These answer over HTTP: prometheus:9090 (Prometheus),"
            " alertmanager:9093 (Alertmanager), jaeger:16686 (Jaeger query API), frontend-proxy:8080 (the shop's front door)."
        ),
    ]
    return "\n".join(lines)


def _entry(alert: Alert) -> str:
    return f"- [{alert.severity}] {alert.name}: {alert.description or alert.summary} (since {rfc3339(alert.active_ms)})"
