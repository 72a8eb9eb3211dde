"""The loop that drives controllers.

Theory of operation: a change in the store puts keys on the queues of the controllers that watch its kind, each with
the controller's delay; a key waits on a queue once. When its instant comes, the reconcile runs and its writes are carried
out one by one. Nothing polls: when nothing changes, no timer is pending but what a reconcile asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.controllers.events import Recorder
from opsrange.kube.controllers.writes import (
    Bind,
    Controller,
    Create,
    Delete,
    Emit,
    Finalize,
    Key,
    Requeue,
    Retry,
    SetStatus,
    Update,
    Write,
)
from opsrange.kube.status_errors import ApiError
from opsrange.kube.store import Change
from opsrange.kube.writer import Writer
from opsrange.types import MINUTE_MS, SECOND_MS
from opsrange.world.kernel import Kernel, Timer

_RETRY_FIRST_MS, _RETRY_MAX_MS = 5, 1_000 * SECOND_MS
"""The rate limiter of client-go's work queues."""
_LOOKS_PER_MINUTE = 600
"""More at one key is a quarrel (two that undo each other's writes) or a crowd; it is then looked at once a second."""


class Loop:
    """Runs controllers against a store.

    Args:
        kernel: clock and timers.
        writer: how their writes are carried out.
        recorder: where their events go.
        controllers: in the order in which they see a change.
    """

    def __init__(
        self, kernel: Kernel, writer: Writer, recorder: Recorder, controllers: Sequence[Controller]
    ) -> None:
        self._kernel = kernel
        self._writer = writer
        self._recorder = recorder
        self._watchers: dict[str, list[Controller]] = {}
        for controller in controllers:
            for kind in controller.watches:
                self._watchers.setdefault(kind, []).append(controller)
        self.defects: list[str] = []
        """Reconciles that raised, for tests and the operator: there should be none."""
        self._queued: dict[tuple[str, Key], Timer] = {}
        self._failures: dict[tuple[str, Key], int] = {}
        self._looks: dict[tuple[str, Key], tuple[int, int]] = {}
        """The minute of a key's latest look, and how many it has had in that minute."""

    def start(self) -> None:
        """Look at everything that exists, and at every change from now on."""
        self._writer.store.subscribe(self._changed)
        for kind, controllers in sorted(self._watchers.items()):
            for document in self._writer.view.list(kind):
                for controller in controllers:
                    for key in controller.watches[kind](self._writer.view, document):
                        self.enqueue(controller, key, controller.delay_ms)

    def _changed(self, change: Change) -> None:
        for controller in self._watchers.get(change.kind.kind, ()):
            triggers = controller.watches[change.kind.kind]
            keys: dict[Key, None] = {}
            for document in (change.old, change.new):
                if document is not None:
                    keys |= dict.fromkeys(triggers(self._writer.view, document))
            for key in keys:
                self.enqueue(controller, key, controller.delay_ms)

    def enqueue(self, controller: Controller, key: Key, delay_ms: int) -> None:
        """Look at a key after a delay, or earlier if it is already waiting for an earlier instant."""
        slot = (controller.name, key)
        if self._crowded(slot):
            delay_ms = max(delay_ms, SECOND_MS)
        due_ms = self._kernel.now_ms + delay_ms
        waiting = self._queued.get(slot)
        if waiting is not None:
            if waiting.due_ms <= due_ms:
                return
            waiting.cancel()
        self._queued[slot] = self._kernel.at(due_ms, lambda: self._look(controller, key))

    def _crowded(self, slot: tuple[str, Key]) -> bool:
        minute, count = self._looks.get(slot, (0, 0))
        return count > _LOOKS_PER_MINUTE and minute == self._kernel.now_ms // MINUTE_MS

    def _look(self, controller: Controller, key: Key) -> None:
        slot = (controller.name, key)
        del self._queued[slot]
        minute, count = self._looks.get(slot, (0, 0))
        this_minute = self._kernel.now_ms // MINUTE_MS
        self._looks[slot] = (this_minute, count + 1 if minute == this_minute else 1)
        with self._kernel.acting(controller.name):
            try:
                failed = self._reconcile(controller, key)
            except Exception as defect:  # noqa: BLE001 - as in Kubernetes, one odd object must not end a controller
                self.defects.append(f"{controller.name} {key}: {type(defect).__name__}: {defect}")
                self._kernel.record("kube.defect", self.defects[-1])
                failed = True
        if not failed:
            self._failures.pop(slot, None)
            return
        count = self._failures.get(slot, 0)
        self._failures[slot] = count + 1
        self.enqueue(controller, key, min(_RETRY_FIRST_MS << min(count, 30), _RETRY_MAX_MS))

    def _reconcile(self, controller: Controller, key: Key) -> bool:
        """Run one reconcile and do what it asks; whether it asked to be retried."""
        failed = False
        writes = controller.reconcile(self._writer.view, key, self._kernel.now_ms)
        answer: str | None = None
        while True:
            try:
                write = writes.send(answer)
            except StopIteration:
                return failed
            answer = None
            if isinstance(write, Requeue):
                self.enqueue(controller, key, write.after_ms)
            elif isinstance(write, Retry):
                failed = True
            else:
                answer = self._carry_out(controller, write)

    def _carry_out(self, controller: Controller, write: Write) -> str | None:
        """Do one write; the value is the refusal, if any."""
        try:
            match write:
                case Create(document):
                    self._writer.create(document)
                case Update(document):
                    self._writer.update(document)
                case SetStatus(document, status, annotations):
                    self._writer.set_status(document, status, annotations)
                case Bind(pod, node, status):
                    self._writer.bind(pod, node, status)
                case Finalize(namespace):
                    self._writer.finalize(namespace)
                case Delete(document, how):
                    self._writer.delete(document, how)
                case Emit(about, kind, reason, message):
                    source = {"component": controller.name}
                    self._recorder.emit(about, kind, reason, message, source=source)
        except ApiError as refusal:
            return refusal.message
        return None
