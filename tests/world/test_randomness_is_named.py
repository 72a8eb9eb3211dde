import os
import subprocess
import sys

from opsrange.world import Kernel, Streams

_DRAW = """
from opsrange.world import Kernel
kernel = Kernel("seed-7", 0)
for name in ("b", "a", "c"):
    kernel.record(name, kernel.streams.stream(name).random())
print(kernel.journal.digest)
"""


def _digest_in_new_process(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _DRAW],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_draw_in_one_stream_does_not_shift_another() -> None:
    undisturbed, disturbed = Streams("7"), Streams("7")
    disturbed.stream("noise").random()
    assert disturbed.stream("names").random() == undisturbed.stream("names").random()


def test_streams_differ_by_seed_and_by_name() -> None:
    draws = {Streams(seed).stream(name).random() for seed in ("1", "2") for name in ("a", "b")}
    assert len(draws) == 4


def test_the_same_seed_gives_the_same_digest_in_another_process_with_another_hash_seed() -> None:
    assert _digest_in_new_process("1") == _digest_in_new_process("2")


def test_a_different_order_gives_a_different_digest() -> None:
    left, right = Kernel("s", 0), Kernel("s", 0)
    left.record("a", 1)
    left.record("b", 2)
    right.record("b", 2)
    right.record("a", 1)
    assert left.journal.digest != right.journal.digest
