"""What a seat is asked for: whose world, how fast time passes, and what its commands may use. Logged with every attempt."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

MIB = 1 << 20

BUILDER = "opsrange.scenarios.instance:build"
"""What builds worlds, by name, so that neither hosting nor seat imports the answer key."""


class SeatLimits(BaseModel):
    """Bounds of a sandbox and of each command in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: PositiveInt = 256
    """Processes and threads alive at once."""
    process_memory_bytes: PositiveInt = 2048 * MIB
    """Private writable memory of one process; more is refused to it, as by a full machine."""
    memory_bytes: PositiveInt = 1024 * MIB
    """Resident memory of all processes together; beyond, all of them are killed (``memory_limit``)."""
    output_bytes: PositiveInt = 2 * MIB
    """Kept of each stream of a command; the rest is read and thrown away."""
    output_bytes_max: PositiveInt = 64 * MIB
    """Of both streams together; beyond, the command is killed (``output_limit``)."""
    home_bytes: PositiveInt = 128 * MIB
    tmp_bytes: PositiveInt = 64 * MIB
    open_files: int = Field(default=1024, ge=256)
    wall_s: PositiveFloat = 60.0
    """A command that takes longer on the wall clock is killed (``wall_timeout``)."""
    virtual_s: PositiveFloat = 1800.0
    """A command that takes longer in virtual time is killed (``virtual_timeout``)."""
    attempt_virtual_s: PositiveFloat = 12 * 3600.0
    """What all commands together may take in virtual time; whatever waits after that is killed at once. An incident that
    lasts for weeks is not concluded in any time that a runner has."""


class SeatConfig(BaseModel):
    """Configuration of Inspect's sandbox ``opsrange``: one instance of a scenario and its seat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: str
    seed: int
    builder: str = BUILDER
    """``module:function`` that builds the world in its own process; only the name comes near the agent."""
    think_time_s: NonNegativeFloat = 0.0
    """Virtual seconds that must have passed between two steps; what an agent loop has let pass itself counts. For loops
    that charge nothing; those of ``agents`` charge each model turn."""
    command_cost_s: NonNegativeFloat = 1.0
    """Virtual seconds that each command takes, beside what it waits for."""
    limits: SeatLimits = SeatLimits()
