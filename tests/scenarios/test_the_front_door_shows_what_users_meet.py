"""The shop's front door answers like the shop: pages while it works, errors where users meet them."""

from __future__ import annotations

from opsrange.scenarios.instance import build
from opsrange.wire import Request, Response


def test_what_works_is_served_and_what_is_broken_is_not() -> None:
    instance = build("scaled-to-zero", 1)
    assert instance.params["service"] == "ad"
    door = instance.handlers["frontend-proxy:8080"]

    def status(path: str) -> int:
        answer = door.handle(Request("GET", path))
        assert isinstance(answer, Response)
        return answer.status

    assert status("/") == 200
    assert status("/api/cart") == 200
    assert status("/api/data") >= 500
