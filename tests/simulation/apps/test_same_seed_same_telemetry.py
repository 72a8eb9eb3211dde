"""Determinism both ways: the seed, and nothing else, decides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.apps.conftest import Shop

OpenShop = Callable[..., "Shop"]

_PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("shop_fakes", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["shop_fakes"] = module
spec.loader.exec_module(module)
shop = module.Shop("7")
shop.run(3)
shop.network.remove("payment")
shop.run(2)
print(shop.recorder.digest)
"""


def _digest_elsewhere(hash_seed: str) -> str:
    conftest = Path(__file__).with_name("conftest.py")
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(conftest)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    assert _digest_elsewhere("1") == _digest_elsewhere("2")


def test_another_seed_gives_other_bytes(open_shop: OpenShop) -> None:
    first, again, other = open_shop("7"), open_shop("7"), open_shop("8")
    for shop in (first, again, other):
        shop.run(3)
    assert first.recorder.digest == again.recorder.digest
    assert first.recorder.digest != other.recorder.digest


def test_asking_changes_nothing(open_shop: OpenShop) -> None:
    asked, left_alone = open_shop("7"), open_shop("7")
    for _ in range(6):
        asked.run(0.5)
        left_alone.run(0.5)
        for path in ("/", "/product/OLJCESPC7Z", "/nowhere"):
            assert asked.app.respond(path) == asked.app.respond(path)
        for instance in asked.network.present:
            asked.app.usage(instance)
            asked.app.probe(instance, 8080, "/")
    assert asked.recorder.digest == left_alone.recorder.digest
