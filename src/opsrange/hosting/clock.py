"""The clock as clients see it: an endpoint to sleep on, and the file libfaketime reads."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from opsrange.types import HOUR_MS
from opsrange.wire import Request, Response, Stream
from opsrange.world import Kernel

ADDRESS = "clock:80"
_LONGEST_SLEEP_MS = 366 * 24 * HOUR_MS


class ClockHandler:
    """``POST /sleep?ms=N`` and ``GET /now``.

    Args:
        kernel: whose clock.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def handle(self, request: Request) -> Response | Stream:
        """Answer one request; asking for the time costs none."""
        match request.method, request.path:
            case "GET", "/now":
                seconds, ms = divmod(self._kernel.now_ms, 1000)
                return Response(200, f"{seconds}.{ms:03d}\n".encode(), "text/plain")
            case "POST", "/sleep":
                text = request.one("ms")
                plausible = text.isascii() and text.isdigit() and len(text) < 16
                if not plausible or int(text) > _LONGEST_SLEEP_MS:
                    return Response(
                        400, b"ms must be a whole number, at most a year\n", "text/plain"
                    )
                return Sleep(self._kernel, int(text))
        return Response(404, b"POST /sleep?ms=N or GET /now\n", "text/plain")


class Sleep:
    """A stream that says nothing and ends after a delay.

    Args:
        kernel: whose clock.
        delay_ms: virtual milliseconds from now.
    """

    status = 200
    content_type = "text/plain"

    def __init__(self, kernel: Kernel, delay_ms: int) -> None:
        self._kernel = kernel
        self.deadline_ms: int | None = kernel.now_ms + delay_ms

    def take(self) -> list[bytes]:
        """Nothing, ever."""
        return []

    @property
    def finished(self) -> bool:
        """Whether the delay is over."""
        return self.deadline_ms is not None and self._kernel.now_ms >= self.deadline_ms

    def close(self) -> None:
        """Nothing to undo."""


class NowFile:
    """The present instant in the form libfaketime's ``FAKETIME_TIMESTAMP_FILE`` takes, in place and of fixed width.

    Args:
        path: an existing file.
    """

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._written = b""

    def write(self, now_ms: int) -> None:
        """Tell the instant, unless the file already does."""
        stamp = datetime.fromtimestamp(now_ms // 1000, UTC)
        text = f"{stamp:%Y-%m-%d %H:%M:%S}\n".encode()
        if text != self._written:
            os.pwrite(self._descriptor, text, 0)
            self._written = text

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
