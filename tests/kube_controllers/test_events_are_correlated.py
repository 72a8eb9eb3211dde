"""The recorder counts repeats, combines look-alikes, drops floods and forgets after an hour."""

from __future__ import annotations

from opsrange.kube.controllers.events import Recorder
from opsrange.kube.store import Store
from opsrange.kube.view import StoreView
from opsrange.types import HOUR_MS, MINUTE_MS, Json
from opsrange.world import Kernel

START_MS = 1_760_000_000_000
POD: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
}
KUBELET: Json = {"component": "kubelet", "host": "node-0"}


class Desk:
    def __init__(self) -> None:
        self.kernel = Kernel("1", START_MS)
        store = Store(self.kernel)
        self.recorder = Recorder(self.kernel, store)
        self.view = StoreView(store)

    def emit(self, message: str) -> None:
        self.recorder.emit(POD, "Warning", "Failed", message, source=KUBELET)

    @property
    def events(self) -> list[tuple[str, int]]:
        return [(event["message"], event["count"]) for event in self.view.list("Event")]


def test_the_same_again_raises_the_count_and_keeps_the_first_time() -> None:
    desk = Desk()
    desk.emit("no")
    desk.kernel.advance_to(START_MS + MINUTE_MS)
    desk.emit("no")
    desk.emit("never")
    assert sorted(desk.events) == [("never", 1), ("no", 2)]
    event = next(e for e in desk.view.list("Event") if e["message"] == "no")
    assert event["firstTimestamp"] == "2025-10-09T08:53:20Z"
    assert event["lastTimestamp"] == "2025-10-09T08:54:20Z"
    assert event["involvedObject"]["name"] == "web"
    assert event["metadata"]["name"].startswith("web.")


def test_later_events_have_later_names() -> None:
    desk = Desk()
    for number in range(8):
        desk.emit(f"step {number}")
    desk.kernel.advance_to(START_MS + 1)
    desk.emit("step 8")
    assert [text for text, _ in desk.events] == [f"step {number}" for number in range(9)]


def test_many_messages_of_one_reason_are_combined() -> None:
    desk = Desk()
    for number in range(14):
        desk.emit(f"no {number}")
    combined = [count for text, count in desk.events if text.startswith("(combined from similar")]
    assert combined == [5]
    assert len(desk.events) == 10


def test_a_flood_is_dropped_until_the_bucket_refills() -> None:
    desk = Desk()
    for _ in range(40):
        desk.emit("no")
    assert desk.events == [("no", 25)]
    desk.kernel.advance_to(START_MS + 6 * MINUTE_MS)
    desk.emit("no")
    desk.emit("no")
    assert desk.events == [("no", 26)]


def test_events_expire_an_hour_after_they_were_last_written() -> None:
    desk = Desk()
    desk.emit("old")
    desk.kernel.advance_to(START_MS + 30 * MINUTE_MS)
    desk.emit("young")
    desk.kernel.advance_to(START_MS + HOUR_MS + MINUTE_MS)
    assert desk.events == [("young", 1)]
    desk.kernel.advance_to(START_MS + 2 * HOUR_MS)
    assert desk.events == []
    assert desk.kernel.next_due_ms() is None
