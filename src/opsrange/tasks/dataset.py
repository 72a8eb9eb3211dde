"""Instances as Inspect samples.

Belongs here: scenario@seed as a sample. Does not: what an instance is, how one is chosen (``scenarios.spec``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.util import SandboxEnvironmentType

SandboxFor = Callable[[str, int], SandboxEnvironmentType]
"""The seat of an instance."""

_PLACEHOLDER = "(The page is fetched from the world when the attempt starts.)"


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
