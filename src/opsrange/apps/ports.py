"""What an application needs from the estate around it, and where its telemetry goes.

The application model knows nothing of Kubernetes: it sees running instances, names that resolve or do not, and a
sink. The estate answers from the Kubernetes twin and stores what is emitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from opsrange.types import Span


class Reach(StrEnum):
    """How an attempt to open a connection ends."""

    OK = "ok"
    NO_SUCH_HOST = "no_such_host"
    """The name does not resolve."""
    REFUSED = "refused"
    """Nothing listens there, or a service has no ready endpoint."""
    TIMEOUT = "timeout"
    """Packets vanish, as behind a network policy."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One running container of a workload."""

    uid: str
    """The pod's uid."""
    pod: str
    workload: str
    """The service of the application it runs, e.g. ``cart``; derived from its image, not its labels."""
    namespace: str
    node: str
    container: str
    release: str
    """The image's tag."""
    env: Mapping[str, str]
    """Environment with references to config maps and secrets resolved as they were at start."""
    files: Mapping[str, str]
    """Mounted config-map and secret keys, by absolute path, as they are now (subPath mounts: as at start)."""
    ports: Sequence[int]
    """Container ports declared; what the process listens on is the application's own business."""
    cpu_limit_millicores: int | None
    memory_limit_bytes: int | None
    started_ms: int
    restart: int
    ready: bool
    command: Sequence[str] | None = None
    """``command`` and ``args`` of its container; ``None`` for those that its manifest declares."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a connection attempt leads."""

    reach: Reach
    backends: Sequence[tuple[str, int]] = ()
    """(pod uid, target port) of each equally likely destination."""
    address: str = ""
    """The numeric address dialled, for error messages: ``10.96.4.1:6379``."""


class Network(Protocol):
    """The estate as a process sees it."""

    @property
    def version(self) -> int:
        """Changes whenever anything this network answers could have changed; answers are kept until then."""
        ...

    def instances(self) -> Sequence[Instance]:
        """Every running instance of every workload, in a stable order."""
        ...

    def resolve(self, caller: Instance | None, host: str, port: int) -> Route:
        """Where ``host:port`` leads for a caller; ``None`` is a client outside the cluster's policies."""
        ...


class Sink(Protocol):
    """Where the application's telemetry goes. Label mappings are read, never kept or changed."""

    def count(self, name: str, labels: Mapping[str, str], amount: float) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, labels: Mapping[str, str], value: float) -> object:
        """Set a gauge; a gauge not set again within two scrapes goes stale."""
        ...

    def buckets(
        self, name: str, labels: Mapping[str, str], counts: Mapping[float, float], total_sum: float
    ) -> None:
        """Add to a histogram: per upper bound (``inf`` included) the number of *new* observations in that bucket alone,
        not cumulated, and the sum of the new observations."""
        ...

    def log(self, instance: Instance, text: str, *, offset_ms: int = 0) -> None:
        """Append a line to the instance's container log, ``offset_ms`` before the present instant."""
        ...

    def trace(self, spans: Sequence[Span]) -> None:
        """Store one finished trace."""
        ...


class Supervisor(Protocol):
    """The side of the node that acts on what a process does."""

    def exited(self, uid: str, container: str, exit_code: int, reason: str) -> None:
        """A container's process ended now; ``reason`` is ``OOMKilled``, ``Error`` or ``Completed``."""
        ...
