"""PromQL over the metric store: instant and range queries with Prometheus 2's semantics.

Where this differs from release to release (closed windows, extrapolation), Prometheus 2.42 is the model, because a
conformance test compares with that program. The grammar is the ``promql-parser`` package's.

Not supported, and answered with an execution error that names it: native histograms and their functions, ``info``,
``limitk``, ``limit_ratio``, ``sort_by_label``, ``mad_over_time``, ``double_exponential_smoothing``, hyperbolic functions.
A query that looks at too many samples is refused (``values.Meter``). ``calls.supported`` has the functions that are.

Belongs here: the language. Does not: HTTP (``api.prometheus``), rules (``alerting``).
"""

from opsrange.telemetry.promql.engine import Engine, Matrix
from opsrange.telemetry.promql.values import PromqlError, Vector, number_text

__all__ = ["Engine", "Matrix", "PromqlError", "Vector", "number_text"]
