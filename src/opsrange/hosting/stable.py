"""The warm parents: the stable, which has imported everything, and one parent per instance, which has built it.

A request for a world carries the world's end of its control channel. It travels from the stable to the instance's parent,
which answers it by forking; so whatever dies on the way, the runner sees an end of file and nothing waits for ever.
"""

from __future__ import annotations

import gc
import importlib
import os
import selectors
import socket
from collections.abc import Callable
from typing import Any

from opsrange.errors import OperatorError, OpsrangeError, Owner, boundary
from opsrange.hosting.channel import Channel, encode_failure
from opsrange.hosting.hosted import Hosted
from opsrange.hosting.processes import Children, Role
from opsrange.hosting.world import WorldProcess
from opsrange.types import Json

Builder = Callable[[str, int], Hosted]

KEPT_INSTANCES = 16
"""How many built instances stay in memory; the least recently used one goes first, once its worlds are gone."""


class StableProcess:
    """Imports the builder once, then forks a parent for each instance asked for.

    Args:
        control: to the runner.
        builder: ``module:function``.
    """

    def __init__(self, control: Channel, builder: str) -> None:
        self._control = control
        self._name = builder
        self._selector = selectors.DefaultSelector()
        self._children = Children(self._selector)
        self._parents: dict[tuple[str, int], Channel] = {}
        """Least recently used first."""

    def run(self) -> Role | None:
        """Serve until the runner closes the channel; in a fork, return its new role."""
        try:
            build = find_builder(self._name)
        except OpsrangeError as error:
            self._control.send({"event": "failed", "error": encode_failure(error)})
            return None
        gc.collect()
        gc.freeze()
        self._control.send({"event": "ready"})
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, events in self._selector.select():
                if key.fileobj is not self._control:
                    key.data(events)
                    continue
                message = self._control.receive()
                while message is not None:
                    child = self._forward(build, *message)
                    if child is not None:
                        return child
                    message = self._control.pending()
                    if message is None:
                        break
                else:
                    return None

    def _forward(self, build: Builder, message: Json, descriptors: list[int]) -> Role | None:
        """Hand a request to the parent of its instance. Returns a role in a new parent."""
        key = (message["scenario"], message["seed"])
        known = self._parents.pop(key, None)
        if known is None:
            near, far = socket.socketpair()
            pid = os.fork()
            if pid == 0:
                near.close()
                self._leave(descriptors)
                return InstanceParent(Channel(far), build, *key)
            far.close()
            self._children.add(pid)
            known = parent = Channel(near)
            self._selector.register(parent, selectors.EVENT_READ, lambda _: self._lost(key, parent))
        self._parents[key] = known
        known.send(message, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        while len(self._parents) > KEPT_INSTANCES:
            oldest = next(iter(self._parents))
            self._lost(oldest, self._parents[oldest])
        return None

    def _lost(self, key: tuple[str, int], parent: Channel) -> None:
        """Let go of a parent: it has died, or ends when its last world does."""
        if self._parents.get(key) is parent:
            del self._parents[key]
            self._selector.unregister(parent)
            parent.close()

    def _leave(self, descriptors: list[int]) -> None:
        """In a fork: close what belongs to the stable."""
        self._selector.close()
        self._children.disown()
        self._control.close()
        for parent in self._parents.values():
            parent.close()
        for descriptor in descriptors:
            os.close(descriptor)


class InstanceParent:
    """Builds an instance, then forks a world of it for each request; ends with the channel and the last world.

    Args:
        requests: from the stable.
        build: the builder.
        scenario: names the instance, together with
        seed: its seed.
    """

    def __init__(self, requests: Channel, build: Builder, scenario: str, seed: int) -> None:
        self._requests = requests
        self._build = build
        self._scenario = scenario
        self._seed = seed
        self._selector = selectors.DefaultSelector()
        self._children = Children(self._selector)
        self._open = True

    def run(self) -> Role | None:
        """Build and serve; in a fork, return the world."""
        try:
            with boundary(Owner.WORLD, f"building {self._scenario}@{self._seed}"):
                built: Hosted | OpsrangeError = self._build(self._scenario, self._seed)
        except OpsrangeError as error:
            built = error.with_traceback(None)
        gc.collect()
        gc.freeze()
        self._selector.register(self._requests, selectors.EVENT_READ)
        while self._open or self._children:
            for key, events in self._selector.select():
                if key.fileobj is not self._requests:
                    key.data(events)
                    continue
                world = self._serve(built)
                if world is not None:
                    return world
        return None

    def _serve(self, built: Hosted | OpsrangeError) -> WorldProcess | None:
        """Answer everything that has arrived. Returns the world in a fork."""
        request = self._requests.receive()
        if request is None:
            self._open = False
            self._selector.unregister(self._requests)
            return None
        while request is not None:
            world = self._answer(built, *request)
            if world is not None:
                return world
            request = self._requests.pending()
        return None

    def _answer(
        self, built: Hosted | OpsrangeError, message: Json, descriptors: list[int]
    ) -> WorldProcess | None:
        (descriptor,) = descriptors
        if isinstance(built, OpsrangeError):
            refusal = Channel.adopt(descriptor)
            refusal.send({"event": "failed", "error": encode_failure(built)})
            refusal.close()
            return None
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            self._children.disown()
            self._requests.close()
            return WorldProcess(built, Channel.adopt(descriptor))
        os.close(descriptor)
        self._children.add(pid)
        return None


def find_builder(name: str) -> Builder:
    """The function ``module:function`` names.

    Raises:
        OperatorError: when there is none.
        WorldError: when importing its module failed.
    """
    module_name, _, function_name = name.partition(":")
    with boundary(Owner.WORLD, f"importing {name}"):
        try:
            module: Any = importlib.import_module(module_name)
            found: Builder = getattr(module, function_name)
        except (ModuleNotFoundError, AttributeError, ValueError) as error:
            raise OperatorError(
                f"asked for builder {name!r}; {error}; name an importable module:function"
            ) from error
    return found
