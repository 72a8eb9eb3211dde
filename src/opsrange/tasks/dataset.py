"""Instances as Inspect samples.

Belongs here: selection of scenario@seed. Does not: what an instance is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.util import SandboxEnvironmentType

from opsrange.errors import OperatorError, unknown_name

SandboxFor = Callable[[str, int], SandboxEnvironmentType]
"""The seat of an instance."""

Seeds = str | int | list[str | int]
"""As a person writes them; a list where Inspect's command line took the commas apart."""
SEEDS_MAX = 10_000
_PLACEHOLDER = "(The page is fetched from the world when the attempt starts.)"


def parse_seeds(seeds: Seeds) -> list[int]:
    """Seeds from ``7``, ``1-3`` or ``1,4-6``, in order and without repeats.

    Raises:
        OperatorError: for anything else.
    """
    text = ",".join(map(str, seeds)) if isinstance(seeds, list) else str(seeds)
    found: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first or last - first >= SEEDS_MAX:
            raise OperatorError(f"asked for seeds {text!r}; expected e.g. 7, 1-3 or 1,4-6")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def choose_scenarios(asked: str | Sequence[str], sets: Mapping[str, Sequence[str]]) -> list[str]:
    """Scenario names from a comma list of names and sets, in order and without repeats.

    Args:
        asked: for example ``core``, or ``knowledge,scaled-to-zero``.
        sets: named sets; ``all`` holds every scenario.

    Raises:
        OperatorError: naming the scenario that does not exist, and its nearest neighbours.
    """
    names = asked.split(",") if isinstance(asked, str) else list(asked)
    names = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    known = sorted(sets["all"])
    if not names:
        raise OperatorError(f"asked for no scenario; known are {', '.join([*sets, *known])}")
    found: dict[str, None] = {}
    for name in names:
        if name not in known and name not in sets:
            raise unknown_name("scenario", name, [*sets, *known])
        found.update(dict.fromkeys(sorted(sets.get(name, [name]))))
    return list(found)


def instances(
    scenarios: Sequence[str], seeds: Sequence[int], sandbox_for: SandboxFor
) -> MemoryDataset:
    """One sample per scenario and seed, with id ``scenario@seed``; repeats are dropped."""
    samples = [
        Sample(
            id=f"{scenario}@{seed}",
            input=_PLACEHOLDER,
            metadata={"scenario": scenario, "seed": seed},
            sandbox=sandbox_for(scenario, seed),
        )
        for scenario in dict.fromkeys(scenarios)
        for seed in dict.fromkeys(seeds)
    ]
    return MemoryDataset(samples, name="opsrange")
