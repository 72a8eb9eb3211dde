"""The image registry and how each release behaves."""

from __future__ import annotations

from dataclasses import dataclass

from opsrange.apps.definition import Definition
from opsrange.errors import AuthorError


@dataclass(frozen=True, slots=True)
class Release:
    """How an image differs from a healthy one; the defaults are a healthy one."""

    service: str
    memory_leak_bytes_per_request: float = 0.0
    memory_factor: float = 1.0
    cpu_factor: float = 1.0
    latency_factor: float = 1.0
    error_rate: float = 0.0
    error_message: str = "internal error"
    startup_factor: float = 1.0
    crash_exit_code: int | None = None
    """The process ends with this code soon after it starts."""
    crash_after_ms: int = 1_200
    crash_log: str = ""


class Registry:
    """Images by ``repository:tag``.

    Args:
        definition: whose services' healthy releases are published from the beginning.
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._services = {definition.repository(name): name for name in definition.services}
        self._releases: dict[str, Release] = {}
        for name, service in definition.services.items():
            for version in service.versions:
                self._releases[f"{definition.repository(name)}:{version}"] = Release(service=name)

    def publish(self, image: str, release: Release) -> None:
        """Add an image, or change one for processes started from now on.

        Raises:
            AuthorError: when the repository is none of the application's.
        """
        repository = image.rpartition(":")[0]
        if self._services.get(repository) != release.service:
            known = ", ".join(self._services)
            raise AuthorError(
                f"asked to publish {image!r} for {release.service!r}; known repositories: {known}"
            )
        self._releases[image] = release

    def find(self, image: str) -> Release | None:
        """The release behind an image, or ``None`` when there is no such image."""
        return self._releases.get(image.removesuffix("@").partition("@")[0])

    def release(self, service: str, tag: str) -> Release:
        """The release of a service by tag; an unknown one behaves healthily."""
        image = f"{self._definition.repository(service)}:{tag}"
        return self._releases.get(image) or Release(service=service)

    def tags(self, service: str) -> list[str]:
        """Published tags of a service, oldest first."""
        prefix = self._definition.repository(service) + ":"
        return [image.removeprefix(prefix) for image in self._releases if image.startswith(prefix)]
