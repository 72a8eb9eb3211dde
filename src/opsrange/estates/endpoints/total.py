"""An endpoint that answers whatever happens.

A defect of ours in answering a question must not end the world. It is answered as a broken server would, and published with the
evidence: an attempt that met it is void, for what the agent then did not know was our doing.
"""

from __future__ import annotations

from collections.abc import Callable

from opsrange.wire import Handler, Request, Response, Stream
from opsrange.world import Kernel


class Total:
    """Implements ``wire.Handler`` over another one.

    Args:
        inner: what answers; it changes nothing, or last of all, so that a defect leaves nothing half done.
        kernel: knows from here on that it is the agent who acts.
        tell: told of each defect in one line.
    """

    def __init__(self, inner: Handler, kernel: Kernel, tell: Callable[[str], None]) -> None:
        self._inner = inner
        self._kernel = kernel
        self._tell = tell

    def handle(self, request: Request) -> Response | Stream:
        """The inner answer, or 500."""
        try:
            with self._kernel.acting("agent"):
                return self._inner.handle(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as defect:  # noqa: BLE001 - a panic of a native parser is no Exception
            self._tell(f"{request.method} {request.path}: {type(defect).__name__}: {defect}")
            return Response(500, b"Internal Server Error\n", "text/plain; charset=utf-8")
