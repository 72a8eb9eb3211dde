"""What the kubelet remembers of one container, and its back-offs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from opsrange.types import SECOND_MS, Json, rfc3339

_FIRST_MS, _MAX_MS = 10 * SECOND_MS, 300 * SECOND_MS
"""The kubelet's ``backOffPeriod`` and ``MaxContainerBackOff``, for restarts and for image pulls."""


class Phase(StrEnum):
    """Where a container stands."""

    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass(slots=True)
class Backoff:
    """10 s, doubled up to 5 min, forgotten after 10 min without use."""

    duration_ms: int = 0
    updated_ms: int = 0

    def grow(self, now_ms: int) -> None:
        """Count one more attempt."""
        forgotten = not self.duration_ms or now_ms - self.updated_ms > 2 * _MAX_MS
        self.duration_ms = _FIRST_MS if forgotten else min(2 * self.duration_ms, _MAX_MS)
        self.updated_ms = now_ms

    def left_ms(self, since_ms: int, now_ms: int) -> int:
        """How long to wait still, after a failure at ``since_ms``."""
        if not self.duration_ms or now_ms - self.updated_ms > 2 * _MAX_MS:
            return 0
        return max(0, since_ms + self.duration_ms - now_ms)


def back_off_words(duration_ms: int) -> str:
    """A back-off as Go prints a duration: ``10s``, ``1m20s``, ``5m0s``."""
    minutes, seconds = divmod(duration_ms // SECOND_MS, 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


@dataclass(slots=True)
class Container:
    """One container of one pod on its node."""

    spec: Json
    init: bool = False
    phase: Phase = Phase.WAITING
    reason: str = "ContainerCreating"
    message: str = ""
    started_ms: int = 0
    finished_ms: int = 0
    exit_code: int = 0
    last: Json | None = None
    """``lastState.terminated``."""
    restarts: int = 0
    launches: int = 0
    """Counts processes and attempts; a timer that knows an older number is stale."""
    passed_startup: bool = False
    ready: bool = False
    container_id: str = ""
    crash: Backoff = field(default_factory=Backoff)
    pull: Backoff = field(default_factory=Backoff)

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        """The image as written in the pod."""
        return str(self.spec["image"])

    @property
    def part(self) -> str:
        """Its field path, for events."""
        return f"spec.{'initContainers' if self.init else 'containers'}{{{self.name}}}"

    def wait(self, reason: str, message: str = "") -> None:
        """It is not running, and why."""
        self.phase, self.reason, self.message = Phase.WAITING, reason, message
        self.ready = False

    def begin(self, uid: str, now_ms: int) -> None:
        """Its process begins."""
        self.phase, self.reason, self.message = Phase.RUNNING, "", ""
        self.started_ms, self.launches = now_ms, self.launches + 1
        seed = f"{uid}/{self.name}/{self.restarts}/{now_ms}"
        self.container_id = "containerd://" + hashlib.sha256(seed.encode()).hexdigest()

    def end(self, exit_code: int, reason: str, message: str, now_ms: int) -> None:
        """Its process ended."""
        self.phase, self.reason, self.message = Phase.TERMINATED, reason, message
        self.exit_code, self.finished_ms = exit_code, now_ms
        self.launches += 1
        self.ready = self.passed_startup = False

    def terminated_state(self) -> Json:
        """The ``terminated`` part of a container state."""
        state: Json = {"exitCode": self.exit_code, "reason": self.reason}
        if self.message:
            state["message"] = self.message
        state["startedAt"] = rfc3339(self.started_ms)
        state["finishedAt"] = rfc3339(self.finished_ms)
        state["containerID"] = self.container_id
        return state

    def status(self) -> Json:
        """Its ``ContainerStatus``."""
        state: Json
        if self.phase is Phase.RUNNING:
            state = {"running": {"startedAt": rfc3339(self.started_ms)}}
        elif self.phase is Phase.TERMINATED:
            state = {"terminated": self.terminated_state()}
        else:
            waiting = {"reason": self.reason}
            if self.message:
                waiting["message"] = self.message
            state = {"waiting": waiting}
        done = self.init and self.phase is Phase.TERMINATED and self.exit_code == 0
        status: Json = {
            "name": self.name,
            "state": state,
            "lastState": {"terminated": self.last} if self.last else {},
            "ready": self.ready or done,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": image_id(self.image) if self.container_id else "",
            "started": self.phase is Phase.RUNNING and (self.passed_startup or self.init),
        }
        if self.container_id:
            status["containerID"] = self.container_id
        return status


def image_id(image: str) -> str:
    """A digest reference for an image, fixed by its name."""
    repository = image.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
