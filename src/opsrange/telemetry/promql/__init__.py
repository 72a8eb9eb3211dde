"""PromQL over the metric store: instant and range queries with Prometheus 2's semantics.

Where this differs from release to release (closed windows, extrapolation), Prometheus 2.42 is the model, because a
conformance test compares with that program. The grammar is the ``promql-parser`` package's.

Belongs here: the language. Does not: HTTP (``api.prometheus``), rules (``alerting``).
"""

from opsrange.telemetry.promql.engine import Engine, Matrix
from opsrange.telemetry.promql.values import PromqlError, Vector, number_text

__all__ = ["Engine", "Matrix", "PromqlError", "Vector", "number_text"]
