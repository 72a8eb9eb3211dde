"""Everything runs; what then makes service levels worse, or breaks an invariant, is rolled back as far as it can be."""

from __future__ import annotations

from opsrange.oversight.gate import Gate, passes

GATE = Gate(title="runs, is watched, is rolled back", judge=passes, watches=True)
