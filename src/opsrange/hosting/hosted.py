"""What a world process hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from opsrange.types import Json
from opsrange.wire import Handler, Request, Response
from opsrange.world import Kernel


class Hosted(Protocol):
    """A world as its process sees it. Built by ``builder(scenario, seed)`` inside the process."""

    @property
    def kernel(self) -> Kernel:
        """The only clock of the world."""
        ...

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Endpoints by ``host:port`` as the agent names them, e.g. ``prometheus:9090``."""
        ...

    def call(self, name: str, arguments: Json) -> Any:
        """Answer a question of the runner, or obey it. May be slow, may use ``world.branch``.

        Args:
            name: e.g. ``page``, ``begin_step``, ``end_step``, ``conclude``.
            arguments: a JSON object.

        Returns:
            Anything JSON can carry.

        Raises:
            OpsrangeError: travels to the caller unchanged in class and message. Anything else arrives as a ``WorldError``.
        """
        ...

    def answered(self, address: str, request: Request, response: Response) -> None:
        """Called after each answer, so that steps record requests and facts.

        A stream is reported as a response of what it has sent: once when it ends, and, while it stays open, before
        each ``end_step``; the bodies of one stream follow each other without overlap.
        """
        ...
