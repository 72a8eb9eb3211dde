"""Whatever an agent writes into an environment, a limit, a flag file or a network: the shop may fail, the model may not.

Method: swarms of random edits, a minute each, on one shop; nothing raises and every step is accounted for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opsrange.apps.definition import load
from opsrange.apps.ports import Reach

if TYPE_CHECKING:
    from tests.simulation.apps.conftest import Shop

OpenShop = Callable[..., "Shop"]
TEXTS: tuple[str, ...] = (
    *("", "0", "1", "²", "-3", "9" * 20, "9" * 5000, "x", "cart:7070", "http://", ":", "::1"),
    *("postgres://", "Host=;Port=9", "host=postgresql port=0", "{name}", "{0}", "%s", "a b\n"),
    *("h:65536", "cart:²", "cart:" + "7" * 5000, "Host=a;Port=" + "7" * 5000),
)
FLAG_FILES = ("", "[]", "{", '{"flags": 3}', '{"flags": {"adFailure": 1}}', '{"flags": null}')


def _odd_flags(draws: random.Random, text: str) -> str:
    document = json.loads(text)
    for flag in document["flags"].values():
        if draws.random() < 0.4:
            odd: list[object] = [True, 1e308, -5, "text", None, 10**30, float("nan"), [], 7]
            flag.update(
                variants={"odd": draws.choice(odd)}, defaultVariant=draws.choice(["odd", "none"])
            )
    return json.dumps(document)


def _mutate(shop: Shop, draws: random.Random, flags: str) -> None:
    name = draws.choice(list(load("shop").services))
    env = load("shop").services[name].env
    restart = draws.randint(0, 9)
    match draws.randint(0, 5):
        case 0 if env:
            shop.network.change(
                name, env={draws.choice(list(env)): draws.choice(TEXTS)}, restart=restart
            )
        case 1:
            shop.network.change(name, cpu_limit_millicores=draws.choice([None, 1, 10**9]))
        case 2:
            limit = draws.choice([None, 1, 10**15])
            shop.network.change(name, memory_limit_bytes=limit, restart=restart)
        case 3:
            shop.network.forced[draws.choice(["frontend", "cart", ""]), name] = draws.choice(
                list(Reach)
            )
        case 4:
            text = draws.choice([*FLAG_FILES, _odd_flags(draws, flags)])
            shop.network.change("flagd", files={"/etc/flagd/demo.flagd.json": text})
        case _:
            shop.network.target_ports[name] = draws.choice([0, 1, 5432, 7070, 8080])
    shop.network.version += 1


@pytest.mark.parametrize("seed", range(8))
def test_the_model_survives_every_edit(open_shop: OpenShop, seed: int) -> None:
    draws = random.Random(seed)
    shop = open_shop(str(seed))
    flags = next(each for each in shop.network.present if each.workload == "flagd").files
    text = next(iter(flags.values()))
    for _ in range(20):
        for _ in range(draws.randint(1, 3)):
            _mutate(shop, draws, text)
        shop.run(0.5)
        assert shop.app.respond("/").status in (200, 500, 503, 504)
    assert len(shop.app.journeys) == 20 * 6 * 9
    for row in shop.app.journeys:
        assert 0 <= row.failed <= row.attempted
        assert 0 <= row.p95_ms < 1e7
