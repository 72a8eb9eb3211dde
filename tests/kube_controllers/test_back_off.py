"""Restart back-off: 10 s doubling to 5 min, forgotten after 10 quiet minutes."""

from __future__ import annotations

from opsrange.kube.node.containers import Backoff, back_off_words
from opsrange.types import MINUTE_MS


def test_doubles_to_five_minutes_and_is_forgotten() -> None:
    backoff, now_ms, seen = Backoff(), 0, []
    assert backoff.left_ms(0, 0) == 0
    for _ in range(7):
        backoff.grow(now_ms)
        seen.append(back_off_words(backoff.duration_ms))
        now_ms += backoff.duration_ms
    assert seen == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"]
    now_ms += 11 * MINUTE_MS
    assert backoff.left_ms(now_ms, now_ms) == 0
    backoff.grow(now_ms)
    assert back_off_words(backoff.duration_ms) == "10s"


def test_waits_from_the_end_of_the_process() -> None:
    backoff = Backoff()
    backoff.grow(1_000)
    assert backoff.left_ms(5_000, 6_000) == 9_000
    assert backoff.left_ms(5_000, 16_000) == 0
