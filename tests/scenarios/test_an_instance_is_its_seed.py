"""Same scenario, seed and requests: the same world, whatever the process. Another seed: another world."""

from __future__ import annotations

import os
import subprocess
import sys

_BUILD = """
import sys
from opsrange.scenarios.instance import build
from opsrange.wire import Request
instance = build("scaled-to-zero", int(sys.argv[1]))
instance.begin()
handler = instance.handlers["kubernetes:6443"]
if len(sys.argv) > 2:
    for _ in range(50):
        handler.handle(Request("GET", "/api/v1/pods", wall_ms=int(sys.argv[2])))
body = b'{"spec":{"replicas":2}}'
path = f"/apis/apps/v1/namespaces/{instance.estate.namespace}/deployments/email"
headers = {"content-type": "application/merge-patch+json"}
assert handler.handle(Request("PATCH", path, {}, headers, body)).status == 200
instance.estate.advance(180_000)
print(instance.kernel.journal.digest)
"""


def _digest(*arguments: str, hash_seed: str = "0") -> str:
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_hash_seed_reading_and_the_wall_clock_change_nothing() -> None:
    assert _digest("3", hash_seed="1") == _digest("3", "1999999999999", hash_seed="2")


def test_another_seed_is_another_world() -> None:
    assert _digest("3") != _digest("4")
