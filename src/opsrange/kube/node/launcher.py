"""From an image's name to a running process and back: pulls, starts, ends, back-offs."""

from __future__ import annotations

from opsrange.kube.node.containers import Container, Phase, back_off_words
from opsrange.kube.node.probes import Prober
from opsrange.kube.node.references import unresolved_environment
from opsrange.kube.node.worker import NodeServices, Worker
from opsrange.kube.runtime import Pull
from opsrange.types import SECOND_MS

_RELIST_MS = SECOND_MS
"""The kubelet notices what the runtime did by listing containers every second."""
_SYNC_MS = 13 * SECOND_MS
"""How often the kubelet looks again at a pod it cannot make progress with (10 to 15 s)."""
_PULL_BACKOFF_SHOWN_MS = 12 * SECOND_MS
"""How long ErrImagePull stands before the next look turns it into ImagePullBackOff."""


def should_restart(worker: Worker, container: Container) -> bool:
    """Whether the pod's restart policy wants another process."""
    policy = worker.pod["spec"].get("restartPolicy", "Always")
    if container.init:
        return bool(container.exit_code) and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and container.exit_code != 0)


class Launcher:
    """Brings containers up and keeps them up."""

    def __init__(self, services: NodeServices) -> None:
        self._services = services
        self._prober = Prober(services, self.kill)

    def launch(self, worker: Worker, container: Container) -> None:
        """Get the image, then start."""
        policy = container.spec.get("imagePullPolicy") or _default_policy(container.image)
        if container.image in worker.node.images and policy != "Always":
            words = f'Container image "{container.image}" already present on machine'
            self._services.emit(worker, "Normal", "Pulled", words, container)
            self._start(worker, container)
            return
        if policy == "Never":
            words = f'Container image "{container.image}" is not present with pull policy of Never'
            self._services.emit(worker, "Warning", "ErrImageNeverPull", words, container)
            container.wait("ErrImageNeverPull", words)
            self._services.report(worker)
            return
        self._services.emit(
            worker, "Normal", "Pulling", f'Pulling image "{container.image}"', container
        )
        pull = self._services.runtime.pull(container.image)
        self._after(
            worker, container, pull.duration_ms, lambda: self._pulled(worker, container, pull)
        )

    def _after(self, worker: Worker, container: Container, delay_ms: int, action: object) -> None:
        """Act later, unless the container has moved on by then."""
        assert callable(action)
        launch = container.launches

        def act() -> None:
            if container.launches == launch and not worker.stopping:
                action()

        self._services.later(delay_ms, worker, act)

    def _pulled(self, worker: Worker, container: Container, pull: Pull) -> None:
        if pull.found:
            worker.node.images.add(container.image)
            container.pull.duration_ms = 0
            took = (
                f"{pull.duration_ms / 1000:g}s"
                if pull.duration_ms >= 1000
                else f"{pull.duration_ms}ms"
            )
            words = (
                f'Successfully pulled image "{container.image}" in {took} ({took} including waiting). '
                f"Image size: {pull.size_bytes} bytes."
            )
            self._services.emit(worker, "Normal", "Pulled", words, container)
            self._start(worker, container)
            return
        now_ms = self._services.kernel.now_ms
        container.pull.grow(now_ms)
        words = f'Failed to pull image "{container.image}": {pull.message}'
        self._services.emit(worker, "Warning", "Failed", words, container)
        self._services.emit(worker, "Warning", "Failed", "Error: ErrImagePull", container)
        container.wait("ErrImagePull", pull.message)
        self._services.report(worker)
        retry_ms = now_ms + max(container.pull.duration_ms, _PULL_BACKOFF_SHOWN_MS + _SYNC_MS)
        self._after(
            worker,
            container,
            _PULL_BACKOFF_SHOWN_MS,
            lambda: self._hold_pull(worker, container, pull, retry_ms),
        )

    def _hold_pull(self, worker: Worker, container: Container, pull: Pull, retry_ms: int) -> None:
        """Show that the pull waits, at every look until it is due."""
        words = f'Back-off pulling image "{container.image}"'
        self._services.emit(worker, "Normal", "BackOff", words, container)
        self._services.emit(worker, "Warning", "Failed", "Error: ImagePullBackOff", container)
        container.wait("ImagePullBackOff", f"{words}: ErrImagePull: {pull.message}")
        self._services.report(worker)
        left_ms = retry_ms - self._services.kernel.now_ms
        if left_ms <= _SYNC_MS:
            delay_ms = max(left_ms, SECOND_MS)
            self._after(worker, container, delay_ms, lambda: self.launch(worker, container))
        else:
            self._after(
                worker,
                container,
                _SYNC_MS,
                lambda: self._hold_pull(worker, container, pull, retry_ms),
            )

    def _start(self, worker: Worker, container: Container) -> None:
        """Resolve the environment and begin the process."""
        services = self._services
        if words := unresolved_environment(services.view, worker.pod, container.spec):
            services.emit(worker, "Warning", "Failed", f"Error: {words}", container)
            container.wait("CreateContainerConfigError", words)
            services.report(worker)
            self._after(worker, container, _SYNC_MS, lambda: self.launch(worker, container))
            return
        services.emit(
            worker, "Normal", "Created", f"Created container: {container.name}", container
        )
        now_ms = services.kernel.now_ms
        container.begin(worker.uid, now_ms)
        services.report(worker)
        start = services.runtime.start(worker.pod, container.name)
        if start.exits_after_ms == 0 and start.message and start.exit_code:
            # The runtime could not even run the command.
            services.emit(worker, "Warning", "Failed", f"Error: {start.message}", container)
            self.ended(worker, container, start.exit_code, "StartError", start.message)
            return
        words = f"Started container {container.name}"
        services.emit(worker, "Normal", "Started", words, container)
        if not container.init:
            self._prober.begin(worker, container)
            services.report(worker)
        if start.exits_after_ms is not None:
            reason = "Error" if start.exit_code else "Completed"
            self._after(
                worker,
                container,
                start.exits_after_ms,
                lambda: self.ended(worker, container, start.exit_code, reason, start.message),
            )

    def kill(self, worker: Worker, container: Container, words: str) -> None:
        """Stop a container that must be replaced."""
        self._services.emit(worker, "Normal", "Killing", words, container)
        self.ended(worker, container, 137, "Error", "")

    def ended(
        self, worker: Worker, container: Container, exit_code: int, reason: str, message: str
    ) -> None:
        """A process ended: report, and see what the restart policy says."""
        services = self._services
        if container.phase is not Phase.RUNNING:
            return
        container.end(exit_code, reason, message, services.kernel.now_ms)
        services.runtime.stop(worker.pod, container.name)
        services.report(worker)
        if worker.stopping:
            return
        if should_restart(worker, container):
            self._after(worker, container, _RELIST_MS, lambda: self._restart(worker, container))
        elif container.init and not container.exit_code:
            self._after(worker, container, _RELIST_MS, lambda: self.advance(worker))

    def _restart(self, worker: Worker, container: Container) -> None:
        """Restart now, or hold back and say so."""
        services, now_ms = self._services, self._services.kernel.now_ms
        left_ms = container.crash.left_ms(container.finished_ms, now_ms)
        if container.phase is Phase.TERMINATED:
            container.last = container.terminated_state()
        metadata = worker.pod["metadata"]
        if left_ms > 0:
            pod = f"{metadata['name']}_{metadata['namespace']}({worker.uid})"
            words = f"restarting failed container {container.name} in pod {pod}"
            services.emit(worker, "Warning", "BackOff", f"Back-off {words}", container)
            held = back_off_words(container.crash.duration_ms)
            message = f"back-off {held} restarting failed container={container.name} pod={pod}"
            container.wait("CrashLoopBackOff", message)
            services.report(worker)
            delay_ms = min(left_ms, _SYNC_MS)
            self._after(worker, container, delay_ms, lambda: self._restart(worker, container))
            return
        container.crash.grow(now_ms)
        container.restarts += 1
        self.launch(worker, container)

    def advance(self, worker: Worker) -> None:
        """Start what comes next: the next init container, or all others once those are done."""
        for container in worker.containers:
            if container.init and (container.phase is not Phase.TERMINATED or container.exit_code):
                if container.phase is Phase.WAITING and not container.launches:
                    self.launch(worker, container)
                return
        for container in worker.containers:
            if not container.init and container.phase is Phase.WAITING and not container.launches:
                container.wait("ContainerCreating")
                self.launch(worker, container)
        self._services.report(worker)


def _default_policy(image: str) -> str:
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in {"", "latest"} and "@" not in image else "IfNotPresent"
