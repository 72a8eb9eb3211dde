"""Startup, readiness and liveness probes.

Theory of operation: a probe that has passed and keeps passing is asked on its node's common beat, every 10 s, which
costs one timer for all of them. A probe whose verdict is open or bad has a timer of its own at its period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from opsrange.kube.node.containers import Container, Phase
from opsrange.kube.node.worker import NodeServices, Worker
from opsrange.types import SECOND_MS, Json

_BEAT_MS = 10 * SECOND_MS


@dataclass(slots=True)
class _Check:
    """One probe of one running container."""

    worker: Worker
    container: Container
    kind: str
    """``Startup``, ``Readiness`` or ``Liveness``."""
    probe: Json
    launch: int
    period_ms: int
    asked_ms: int = 0
    passes: int = 0
    failures: int = 0
    steady: bool = False

    @property
    def stale(self) -> bool:
        """Whether the process it watches is gone."""
        worker, container = self.worker, self.container
        return (
            worker.gone
            or worker.stopping
            or container.launches != self.launch
            or container.phase is not Phase.RUNNING
        )


class Prober:
    """Asks the runtime, counts answers, and acts on thresholds.

    Args:
        services: of the kubelet.
        kill: ends and restarts a container, with the words for the event.
    """

    def __init__(
        self, services: NodeServices, kill: Callable[[Worker, Container, str], None]
    ) -> None:
        self._services = services
        self._kill = kill
        self._steady: list[_Check] = []
        self._beating = False

    def begin(self, worker: Worker, container: Container) -> None:
        """A container's process began."""
        if container.spec.get("startupProbe"):
            self._watch(worker, container, "Startup")
        else:
            self._started(worker, container)

    def _started(self, worker: Worker, container: Container) -> None:
        container.passed_startup = True
        if container.spec.get("readinessProbe"):
            self._watch(worker, container, "Readiness")
        else:
            container.ready = True
        if container.spec.get("livenessProbe"):
            self._watch(worker, container, "Liveness")

    def _watch(self, worker: Worker, container: Container, kind: str) -> None:
        probe = container.spec[f"{kind.lower()}Probe"]
        period_ms = int(probe.get("periodSeconds", 10)) * SECOND_MS
        check = _Check(worker, container, kind, probe, container.launches, period_ms)
        first_ms = max(SECOND_MS, int(probe.get("initialDelaySeconds", 0)) * SECOND_MS)
        self._services.later(first_ms, worker, lambda: self._alone(check))

    def _alone(self, check: _Check) -> None:
        """Ask a probe that has a timer of its own."""
        if check.stale:
            return
        self._ask(check)
        if check.stale or (check.kind == "Startup" and check.passes):
            return
        if check.passes >= int(check.probe.get("successThreshold", 1)):
            check.steady = True
            self._steady.append(check)
            self._beat_later()
        else:
            self._services.later(check.period_ms, check.worker, lambda: self._alone(check))

    def _beat_later(self) -> None:
        if self._beating or not self._steady:
            return
        self._beating = True
        now_ms = self._services.kernel.now_ms
        self._services.kernel.at((now_ms // _BEAT_MS + 1) * _BEAT_MS, self._beat)

    def _beat(self) -> None:
        """Ask every steady probe whose period has passed."""
        self._beating = False
        now_ms = self._services.kernel.now_ms
        runtime_probe = self._services.runtime.probe
        kept = []
        for check in self._steady:
            if check.stale:
                continue
            if now_ms - check.asked_ms < check.period_ms - SECOND_MS:
                kept.append(check)
                continue
            answer = runtime_probe(check.worker.pod, check.container.name, check.probe)
            check.asked_ms = now_ms
            if answer.ok:
                kept.append(check)
                continue
            check.steady = False
            with self._services.kernel.acting("kubelet"):
                self._failed(check, answer.message)
            if not check.stale:
                self._services.later(check.period_ms, check.worker, partial(self._alone, check))
        self._steady = kept
        self._beat_later()

    def _ask(self, check: _Check) -> None:
        check.asked_ms = self._services.kernel.now_ms
        answer = self._services.runtime.probe(check.worker.pod, check.container.name, check.probe)
        if answer.ok:
            self._passed(check)
        else:
            self._failed(check, answer.message)

    def _passed(self, check: _Check) -> None:
        check.passes, check.failures = check.passes + 1, 0
        if check.passes < int(check.probe.get("successThreshold", 1)):
            return
        if check.kind == "Startup":
            self._started(check.worker, check.container)
        elif check.kind == "Readiness":
            check.container.ready = True
        else:
            return
        self._services.report(check.worker)

    def _failed(self, check: _Check, message: str) -> None:
        check.failures, check.passes = check.failures + 1, 0
        worker, container = check.worker, check.container
        words = f"{check.kind} probe failed: {message}"
        self._services.emit(worker, "Warning", "Unhealthy", words, container)
        if check.failures < int(check.probe.get("failureThreshold", 3)):
            return
        if check.kind == "Readiness":
            if container.ready:
                container.ready = False
                self._services.report(worker)
            return
        words = f"Container {container.name} failed {check.kind.lower()} probe, will be restarted"
        self._kill(worker, container, words)
