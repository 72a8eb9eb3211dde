"""An endpoint that answers whatever happens.

A defect of ours in answering a question must not end an attempt: an agent that is about to fail could ask it on purpose. It
is answered as a broken server would, and told to whoever looks after the estate.
"""

from __future__ import annotations

from collections.abc import Callable

from opsrange.wire import Handler, Request, Response, Stream


class Total:
    """Implements ``wire.Handler`` over another one.

    Args:
        inner: what answers; it changes nothing, or last of all, so that a defect leaves nothing half done.
        tell: told of each defect in one line.
    """

    def __init__(self, inner: Handler, tell: Callable[[str], None]) -> None:
        self._inner = inner
        self._tell = tell

    def handle(self, request: Request) -> Response | Stream:
        """The inner answer, or 500."""
        try:
            return self._inner.handle(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as defect:  # noqa: BLE001 - a panic of a native parser is no Exception
            self._tell(f"{request.method} {request.path}: {type(defect).__name__}: {defect}")
            return Response(500, b"Internal Server Error\n", "text/plain; charset=utf-8")
