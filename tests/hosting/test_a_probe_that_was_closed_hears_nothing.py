"""One round of the loop may close the idle socket and then come to an answer that lay ready on it."""

from __future__ import annotations

import selectors
import socket

from opsrange.hosting.pacing import IdleProbe


def test_an_answer_that_lay_ready_when_the_probe_was_closed_is_dropped() -> None:
    ours, seats = socket.socketpair()
    heard: list[bool] = []
    with seats, selectors.DefaultSelector() as selector:
        probe = IdleProbe(ours, selector, heard.append)
        seats.sendall(b"1")
        ((key, _),) = selector.select(1.0)
        probe.close()
        key.data(key)
        assert heard == []
        assert not selector.get_map()
