"""Function calls. One table per shape of function; ``supported`` knows them all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opsrange.telemetry.metrics import NAME, Labels, Matcher
from opsrange.telemetry.promql.aggregation import quantile
from opsrange.telemetry.promql.histograms import histogram_quantile
from opsrange.telemetry.promql.numbers import CALENDAR, ELEMENTWISE, round_to
from opsrange.telemetry.promql.overtime import OVER_TIME
from opsrange.telemetry.promql.rates import EXTRAPOLATIONS, MOVEMENTS, regression
from opsrange.telemetry.promql.selectors import Range, Selector
from opsrange.telemetry.promql.values import (
    Moment,
    Node,
    PromqlError,
    RangeNode,
    Value,
    Vector,
    Window,
    nameless,
    unique,
)
from opsrange.telemetry.regex import Regex, RegexError


@dataclass(slots=True)
class Call:
    """One function call, its range-vector argument apart from the others."""

    function: str
    arguments: Sequence[Node]
    over: RangeNode | None

    def evaluate(self, moment: Moment) -> Value:
        """The function's value."""
        if self.over is not None:
            return self._over_range(self.over, moment)
        if self.function in ELEMENTWISE:
            vector, apply = self.vector(moment), ELEMENTWISE[self.function]
            return nameless(vector, [apply(value) for value in vector.values])
        if self.function in CALENDAR:
            return self._calendar(moment)
        return INSTANT[self.function](self, moment)

    def vector(self, moment: Moment, place: int = 0) -> Vector:
        """An argument of vector type."""
        value = self.arguments[place].evaluate(moment)
        if not isinstance(value, Vector):
            raise PromqlError("execution", f"expected an instant vector in {self.function}()")
        moment.meter.spend(len(value))
        return value

    def scalar(self, moment: Moment, place: int) -> float:
        """An argument of scalar type."""
        value = self.arguments[place].evaluate(moment)
        if isinstance(value, (Vector, str)):
            raise PromqlError("execution", f"expected a scalar in {self.function}()")
        return value

    def text(self, moment: Moment, place: int) -> str:
        """An argument of string type."""
        value = self.arguments[place].evaluate(moment)
        if not isinstance(value, str):
            raise PromqlError("execution", f"expected a string in {self.function}()")
        return value

    def _over_range(self, over: RangeNode, moment: Moment) -> Vector:
        if self.function in EXTRAPOLATIONS:
            return EXTRAPOLATIONS[self.function].over(over, moment)
        windows = over.windows(moment)
        if self.function == "absent_over_time":
            present = bool(windows.labels)
            selector = over.selector if isinstance(over, Range) else None
            return Vector([], []) if present else Vector([_implied(selector)], [1.0])
        labels = windows.named if self.function == "last_over_time" else windows.labels
        reduce = self._reduction(moment)
        found = Vector([], [])
        for pairs, window in zip(labels, windows.windows, strict=True):
            value = reduce(window)
            if value is not None:
                found.labels.append(pairs)
                found.values.append(value)
        return unique(found)

    def _reduction(self, moment: Moment) -> Callable[[Window], float | None]:
        if self.function in MOVEMENTS:
            return MOVEMENTS[self.function]
        if self.function == "quantile_over_time":
            q = self.scalar(moment, 0)
            return lambda window: quantile(q, list(window.values))
        if self.function == "predict_linear":
            ahead_s = self.scalar(moment, 0)
            return lambda window: _predict(window, moment.now_ms, ahead_s)
        reduce = OVER_TIME[self.function]
        return lambda window: reduce(window.values)

    def _calendar(self, moment: Moment) -> Vector:
        part = CALENDAR[self.function]
        if not self.arguments:
            return Vector([()], [part(moment.now_ms / 1000)])
        vector = self.vector(moment)
        return nameless(vector, [part(value) for value in vector.values])


def _predict(window: Window, now_ms: int, ahead_s: float) -> float | None:
    line = regression(window, now_ms)
    return None if line is None else line[0] * ahead_s + line[1]


def _implied(selector: Node | None) -> Labels:
    """The labels that absent() can tell: those matched by equality, once."""
    if not isinstance(selector, Selector) or len(selector.alternatives) != 1:
        return ()
    matchers = [m for m in selector.alternatives[0] if m.name != NAME]
    return tuple(sorted((m.name, m.value) for m in matchers if _is_certain(m, matchers)))


def _is_certain(matcher: Matcher, matchers: Sequence[Matcher]) -> bool:
    same = [m for m in matchers if m.name == matcher.name]
    return matcher.op == "=" and len(same) == 1 and matcher.value != ""


def _absent(call: Call, moment: Moment) -> Vector:
    if len(call.vector(moment)):
        return Vector([], [])
    return Vector([_implied(call.arguments[0])], [1.0])


def _round(call: Call, moment: Moment) -> Vector:
    vector = call.vector(moment)
    nearest = call.scalar(moment, 1) if len(call.arguments) > 1 else 1.0
    return nameless(vector, [round_to(value, nearest) for value in vector.values])


def _clamp(call: Call, moment: Moment) -> Vector:
    vector = call.vector(moment)
    lowest, highest = -math.inf, math.inf
    if call.function != "clamp_max":
        lowest = call.scalar(moment, 1)
    if call.function != "clamp_min":
        highest = call.scalar(moment, len(call.arguments) - 1)
    if highest < lowest:
        return Vector([], [])
    if math.isnan(lowest) or math.isnan(highest):
        return nameless(vector, [math.nan] * len(vector))
    return nameless(
        vector, [v if math.isnan(v) else max(lowest, min(highest, v)) for v in vector.values]
    )


def _sort(call: Call, moment: Moment) -> Vector:
    vector = call.vector(moment)
    sign = -1 if call.function == "sort_desc" else 1
    order = sorted(
        range(len(vector)),
        key=lambda p: (vector.values[p] != vector.values[p], sign * vector.values[p]),
    )
    return Vector([vector.labels[p] for p in order], [vector.values[p] for p in order])


def _timestamp(call: Call, moment: Moment) -> Vector:
    argument = call.arguments[0]
    if isinstance(argument, Selector):
        found = argument.stamped(moment)
        vector = Vector([labels for labels, _, _ in found], [v for _, _, v in found])
        return nameless(vector, [instant_ms / 1000 for _, instant_ms, _ in found])
    vector = call.vector(moment)
    return nameless(vector, [moment.now_ms / 1000] * len(vector))


def _to_scalar(call: Call, moment: Moment) -> float:
    vector = call.vector(moment)
    return vector.values[0] if len(vector) == 1 else math.nan


def _histogram_quantile(call: Call, moment: Moment) -> Vector:
    return histogram_quantile(call.scalar(moment, 0), call.vector(moment, 1))


_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GROUP = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def _label_replace(call: Call, moment: Moment) -> Vector:
    vector = call.vector(moment)
    target, template, source, regex = (call.text(moment, place) for place in (1, 2, 3, 4))
    if not _LABEL_NAME.fullmatch(target):
        raise PromqlError(
            "execution", f"invalid destination label name in label_replace(): {target}"
        )
    try:
        pattern = Regex(regex)
    except RegexError:
        raise PromqlError(
            "execution", f"invalid regular expression in label_replace(): {regex}"
        ) from None
    labels: list[Labels] = []
    for pairs in vector.labels:
        groups = pattern.groups(dict(pairs).get(source, ""))
        if groups is None:
            labels.append(pairs)
            continue
        value = _expand(template, groups)
        moment.meter.spend(len(value))  # nested calls could double it each time
        labels.append(_with(pairs, target, value))
    return unique(Vector(labels, vector.values))


def _expand(template: str, groups: Mapping[str, str]) -> str:
    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        return "$" if name is None else groups.get(name, "")

    return _GROUP.sub(group, template)


def _label_join(call: Call, moment: Moment) -> Vector:
    vector = call.vector(moment)
    target, separator = call.text(moment, 1), call.text(moment, 2)
    sources = [call.text(moment, place) for place in range(3, len(call.arguments))]
    if not _LABEL_NAME.fullmatch(target):
        raise PromqlError("execution", f"invalid destination label name in label_join(): {target}")
    labels: list[Labels] = []
    for pairs in vector.labels:
        known = dict(pairs)
        value = separator.join(known.get(source, "") for source in sources)
        moment.meter.spend(len(value))
        labels.append(_with(pairs, target, value))
    return unique(Vector(labels, vector.values))


def _with(pairs: Labels, name: str, value: str) -> Labels:
    changed = {**dict(pairs), name: value}
    return tuple(sorted((k, v) for k, v in changed.items() if v))


INSTANT: dict[str, Callable[[Call, Moment], Value]] = {
    "absent": _absent,
    "clamp": _clamp,
    "clamp_max": _clamp,
    "clamp_min": _clamp,
    "histogram_quantile": _histogram_quantile,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "pi": lambda _call, _moment: math.pi,
    "round": _round,
    "scalar": _to_scalar,
    "sort": _sort,
    "sort_desc": _sort,
    "time": lambda _call, moment: moment.now_ms / 1000,
    "timestamp": _timestamp,
    "vector": lambda call, moment: Vector([()], [call.scalar(moment, 0)]),
}

RANGE_FUNCTIONS = (
    *EXTRAPOLATIONS,
    *MOVEMENTS,
    *OVER_TIME,
    "absent_over_time",
    "predict_linear",
    "quantile_over_time",
)


def supported(function: str) -> bool:
    """Whether calls of a function can be evaluated."""
    return function in (*INSTANT, *ELEMENTWISE, *CALENDAR, *RANGE_FUNCTIONS)
