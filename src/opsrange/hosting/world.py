"""The world process: one thread, one loop over the control channel, the clients and the clock."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from opsrange.errors import OpsrangeError, Owner, WorldError, boundary
from opsrange.hosting.channel import Channel, encode_failure
from opsrange.hosting.clock import ClockHandler, NowFile
from opsrange.hosting.connection import ROUND_S
from opsrange.hosting.facade import Facade
from opsrange.hosting.hosted import Hosted
from opsrange.hosting.pacing import IdleProbe, Pacer
from opsrange.hosting.processes import Children, Role, private_bytes
from opsrange.types import Json

_LATER = object()
"""An answer that is sent when its time has come."""


class WorldProcess:
    """Hosts one attempt until its control channel ends.

    Args:
        hosted: the world.
        control: to the runner.
    """

    def __init__(self, hosted: Hosted, control: Channel) -> None:
        self._hosted = hosted
        self._kernel = hosted.kernel
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._children = Children(self._selector)
        self._facade = Facade(hosted, ClockHandler(self._kernel), self._selector)
        self._pacer = Pacer(self._kernel, self._facade, self._tell_now, self._time_out)
        self._now_file: NowFile | None = None
        self._turn = 0
        self._turns: dict[int, int] = {}
        """When each descriptor last had its turn."""
        self._operations: dict[str, Callable[[Json, list[int]], Any]] = {
            "addresses": lambda *_: sorted(self._facade.handlers),
            "advance": self._advance,
            "begin": self._begin,
            "call": self._call,
            "digest": lambda *_: self._kernel.journal.digest,
            "end": self._end,
            "errors": lambda *_: self._facade.errors,
            "memory": lambda *_: private_bytes(),
            "now": lambda *_: self._kernel.now_ms,
            "serve": self._serve,
            "unserve": self._unserve,
        }

    def run(self) -> Role | None:
        """Serve until the runner closes the channel; in a fork, return the copy."""
        self._selector.register(self._control, selectors.EVENT_READ)
        pidfd = os.pidfd_open(os.getpid())
        self._control.send({"event": "ready", "pid": os.getpid()}, [pidfd])
        os.close(pidfd)
        while True:
            active = False
            began_s = time.monotonic()
            # The runner first, and never behind more than a moment's work of clients: however many ask for something
            # costly at once, what it asks is answered in time. Whom the round leaves out comes before the others next.
            timeout_s = 0 if self._facade.resting else self._pacer.timeout_s()
            for key, ready in sorted(self._selector.select(timeout_s), key=self._rank):
                if key.fileobj is self._control:
                    alive, copy = self._listen()
                    if copy is not None or not alive:
                        return copy
                else:
                    self._turns[key.fd] = self._turn = self._turn + 1
                    key.data(ready)
                active = active or key.fileobj is not self._pacer.probe
                if time.monotonic() - began_s > ROUND_S:
                    break
            if self._facade.resting:
                active = True
                self._facade.resume()
            if active:
                self._tell_now()
                self._facade.pump()
            self._pacer.turn(active=active)

    def _rank(self, event: tuple[selectors.SelectorKey, int]) -> tuple[bool, int]:
        key, _ = event
        return key.fileobj is not self._control, self._turns.get(key.fd, 0)

    def _listen(self) -> tuple[bool, WorldProcess | None]:
        """Obey what has arrived on the control channel; tells whether it is open, and the copy in a fork."""
        received = self._control.receive()
        if received is None:
            return False, None
        while received is not None:
            message, descriptors = received
            if message["op"] == "fork":
                copy = self._fork(descriptors)
                if copy is not None:
                    return True, copy
            else:
                self._obey(message, descriptors)
            received = self._control.pending()
        return True, None

    def _obey(self, message: Json, descriptors: list[int]) -> None:
        """Carry out one operation and answer it."""
        operation = message["op"]
        try:
            with boundary(Owner.WORLD, f"world operation {operation}"):
                result = self._operations[operation](message, descriptors)
            self._tell_now()
            if result is not _LATER:
                with boundary(Owner.WORLD, f"answer of world operation {operation}"):
                    self._control.send({"id": message["id"], "result": result})
        except OpsrangeError as error:
            self._control.send({"id": message["id"], "error": encode_failure(error)})

    def _call(self, message: Json, _: list[int]) -> Any:
        return self._hosted.call(message["name"], message["arguments"])

    def _begin(self, message: Json, _: list[int]) -> Any:
        result = self._hosted.call("begin_step", message["arguments"])
        self._pacer.begin(message["limit_ms"])
        return result

    def _end(self, message: Json, _: list[int]) -> Any:
        self._pacer.end()
        self._facade.pump()
        self._facade.report_streams()
        return self._hosted.call("end_step", message["arguments"])

    def _advance(self, message: Json, _: list[int]) -> Any:
        number = message["id"]

        def arrived() -> None:
            self._control.send({"id": number, "result": self._kernel.now_ms})

        if not self._pacer.advance(message["ms"], arrived):
            raise WorldError(
                "asked to advance; an earlier advance is still under way; await it first"
            )
        return _LATER

    def _serve(self, message: Json, descriptors: list[int]) -> None:
        given = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        known = self._facade.handlers
        unknown = [address for address in message["addresses"] if address not in known]
        if unknown:
            for each in given:
                each.close()
            raise WorldError(f"asked to serve {unknown}; this world has {sorted(known)}")
        if message["now_file"] is not None:
            self._forget_now_file()
            self._now_file = NowFile(message["now_file"])
        if message["idle"]:
            if self._pacer.probe is not None:
                self._pacer.probe.close()
            self._pacer.probe = IdleProbe(given.pop(), self._selector, self._pacer.heard)
        for address, listener in zip(message["addresses"], given, strict=True):
            self._facade.listen(address, listener)
        if message["pace"] == "wall":
            self._pacer.lock_to_wall()

    def _unserve(self, *_: Any) -> None:
        self._facade.close()
        if self._pacer.probe is not None:
            self._pacer.probe.close()
            self._pacer.probe = None
        self._forget_now_file()
        self._pacer.unlock()

    def _fork(self, descriptors: list[int]) -> WorldProcess | None:
        """Copy this world onto a new control channel. Returns the copy in the fork."""
        (descriptor,) = descriptors
        pid = os.fork()
        if pid != 0:
            os.close(descriptor)
            self._children.add(pid)
            return None
        self._selector.close()
        self._children.disown()
        self._control.close()
        self._facade.disown()
        if self._pacer.probe is not None:
            self._pacer.probe.disown()
        self._forget_now_file()
        return WorldProcess(self._hosted, Channel.adopt(descriptor))

    def _forget_now_file(self) -> None:
        if self._now_file is not None:
            self._now_file.close()
            self._now_file = None

    def _tell_now(self) -> None:
        if self._now_file is not None:
            self._now_file.write(self._kernel.now_ms)

    def _time_out(self) -> None:
        self._control.send({"event": "virtual_timeout"})
