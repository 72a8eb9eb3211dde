"""What Kubernetes needs from below and beside it: a container runtime and a place where logs are kept.

The kubelet asks these questions; the estate answers them from the application model and the log store, which
``kube`` does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from opsrange.types import Json, LogLine


@dataclass(frozen=True, slots=True)
class Pull:
    """The result of pulling an image."""

    found: bool
    message: str = ""
    """The registry's own words when not found."""
    duration_ms: int = 1_500
    size_bytes: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Start:
    """What a container does once started."""

    exits_after_ms: int | None = None
    """``None``: it runs until told otherwise."""
    exit_code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to one probe."""

    ok: bool
    message: str = ""
    """As the kubelet words it, e.g. ``Get "http://10.1.2.3:8080/": dial tcp 10.1.2.3:8080: connect: connection refused``."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container uses now."""

    cpu_millicores: int
    memory_bytes: int


class ContainerRuntime(Protocol):
    """Containers as the kubelet sees them. ``pod`` is the whole Pod object, status included."""

    def pull(self, image: str) -> Pull:
        """Look an image up in the registry."""
        ...

    def start(self, pod: Json, container: str) -> Start:
        """A container's process begins; called at the instant it begins."""
        ...

    def stop(self, pod: Json, container: str) -> None:
        """A container's process has ended, for whatever reason."""
        ...

    def probe(self, pod: Json, container: str, probe: Json) -> Probe:
        """Run a probe (the API's ``Probe`` object) against a running container."""
        ...

    def usage(self, pod: Json, container: str) -> Usage:
        """Present resource usage of a running container."""
        ...


class LogSource(Protocol):
    """Container logs by instance."""

    def lines(self, pod_uid: str, container: str, restart: int) -> Sequence[LogLine]:
        """Everything one instance of a container wrote, oldest first; empty when there is none."""
        ...
