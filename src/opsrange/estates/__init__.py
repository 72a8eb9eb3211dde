"""The composed enterprise: a kernel, a Kubernetes twin, an application and its telemetry, wired to each other.

Belongs here: wiring and whole-estate views (snapshot, service levels). Does not: faults, scenarios, truth.
"""

from opsrange.estates.estate import Alert, Estate, Rates
from opsrange.estates.snapshot import differences

__all__ = ["Alert", "Estate", "Rates", "differences"]
