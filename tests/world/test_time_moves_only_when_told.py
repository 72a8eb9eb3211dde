from hypothesis import given
from hypothesis import strategies as st

from opsrange.types import HOUR_MS
from opsrange.world import Kernel

START_MS = 1_750_000_000_000


def test_timers_fire_in_order_of_instant_priority_and_scheduling() -> None:
    kernel, fired = Kernel("s", START_MS), list[str]()
    kernel.after(20, lambda: fired.append("late"))
    kernel.after(10, lambda: fired.append("second"))
    kernel.after(10, lambda: fired.append("third"))
    kernel.after(10, lambda: fired.append("first"), priority=-1)
    kernel.advance_to(START_MS + 15)
    assert fired == ["first", "second", "third"]
    assert kernel.now_ms == START_MS + 15


def test_an_action_sees_its_own_instant() -> None:
    kernel, seen = Kernel("s", START_MS), list[int]()
    kernel.after(7, lambda: seen.append(kernel.now_ms))
    kernel.advance_to(START_MS + 100)
    assert seen == [START_MS + 7]


def test_a_cancelled_timer_never_fires() -> None:
    kernel, fired = Kernel("s", START_MS), list[int]()
    timer = kernel.after(5, lambda: fired.append(1))
    timer.cancel()
    kernel.advance_to(START_MS + 10)
    assert fired == []
    assert kernel.next_due_ms() is None


def test_an_interrupt_stops_after_the_whole_instant() -> None:
    kernel, fired = Kernel("s", START_MS), list[int]()
    for delay_ms in (5, 5, 9):
        kernel.after(delay_ms, lambda: fired.append(kernel.now_ms - START_MS))
    reached = kernel.advance_to(START_MS + 50, interrupt=lambda: bool(fired))
    assert (reached - START_MS, fired) == (5, [5, 5])


def test_the_past_changes_nothing() -> None:
    kernel = Kernel("s", START_MS)
    assert kernel.advance_to(START_MS - 1) == START_MS


def test_a_periodic_timer_keeps_its_grid_across_a_leap() -> None:
    kernel, fired = Kernel("s", START_MS), list[int]()
    kernel.every(15_000, lambda: fired.append(kernel.now_ms))
    kernel.leap(48 * HOUR_MS)
    assert fired == []
    kernel.advance_to(kernel.now_ms + 60_000)
    assert len(fired) == 4
    assert all(instant % 15_000 == 0 for instant in fired)


@given(st.lists(st.integers(min_value=0, max_value=1000), max_size=60))
def test_no_timer_fires_early_late_or_twice(delays_ms: list[int]) -> None:
    kernel, fired = Kernel("s", START_MS), list[tuple[int, int]]()
    for delay_ms in delays_ms:

        def note(delay_ms: int = delay_ms) -> None:
            fired.append((delay_ms, kernel.now_ms - START_MS))

        kernel.after(delay_ms, note)
    kernel.advance_to(START_MS + 1000)
    assert sorted(delay_ms for delay_ms, _ in fired) == sorted(delays_ms)
    assert all(delay_ms == at_ms for delay_ms, at_ms in fired)
