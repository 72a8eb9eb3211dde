"""Makes ``time.sleep`` pass virtual time, as ``sleep`` does in the shell."""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

_CLOCK = ("127.0.0.1", 8123)
_real_sleep = time.sleep


def sleep(seconds: SupportsIndex | float) -> None:
    """Suspend for a number of seconds."""
    if float(seconds) < 0:
        raise ValueError("sleep length must be non-negative")
    try:
        with socket.create_connection(_CLOCK) as clock:
            clock.sendall(
                b"POST /sleep?ms=%d HTTP/1.1\r\nHost: clock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                % round(float(seconds) * 1000)
            )
            while clock.recv(4096):
                pass
    except OSError:
        _real_sleep(seconds)


time.sleep = sleep
