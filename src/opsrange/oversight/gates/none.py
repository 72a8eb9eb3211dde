"""No gate: everything passes. What it lets through is recorded all the same, as the baseline of the others."""

from __future__ import annotations

from opsrange.oversight.gate import Gate, passes

GATE = Gate(title="everything passes", judge=passes)
