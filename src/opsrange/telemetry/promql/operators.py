"""Binary operators: arithmetic, comparison, sets, and how two vectors are matched."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field

from opsrange.telemetry.metrics import NAME, Labels
from opsrange.telemetry.promql.values import (
    Moment,
    Node,
    PromqlError,
    Value,
    Vector,
    nameless,
    unique,
    without_name,
)


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _modulo(a: float, b: float) -> float:
    if b == 0 or math.isinf(a):
        return math.nan
    return math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": _power,
    "atan2": math.atan2,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SETS = ("and", "or", "unless")


@dataclass(frozen=True, slots=True)
class Matching:
    """How elements of two vectors find each other."""

    on: bool = False
    names: tuple[str, ...] = ()
    group: str = ""
    """``left``, ``right``, or empty for one to one."""
    include: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> Labels:
        """What must be equal on both sides."""
        if self.on:
            return tuple(p for p in labels if p[0] in self.names)
        return tuple(p for p in labels if p[0] not in self.names and p[0] != NAME)


@dataclass(slots=True)
class Binary:
    """One binary operation."""

    operator: str
    left: Node
    right: Node
    matching: Matching
    as_bool: bool
    _signatures: dict[Labels, Labels] = field(default_factory=dict)

    def evaluate(self, moment: Moment) -> Value:
        """The result; of scalar, or vector type when either side is a vector."""
        left, right = self.left.evaluate(moment), self.right.evaluate(moment)
        if isinstance(left, str) or isinstance(right, str):
            raise PromqlError("execution", "binary expression over strings")
        moment.meter.spend(sum(len(side) for side in (left, right) if isinstance(side, Vector)))
        if isinstance(left, Vector):
            if not isinstance(right, Vector):
                return self._with_scalar(left, right, swapped=False)
            return self._sets(left, right) if self.operator in SETS else self._matched(left, right)
        if isinstance(right, Vector):
            return self._with_scalar(right, left, swapped=True)
        if self.operator in ARITHMETIC:
            return ARITHMETIC[self.operator](left, right)
        return float(COMPARISONS[self.operator](left, right))

    def _with_scalar(self, vector: Vector, scalar: float, *, swapped: bool) -> Vector:
        if self.operator in ARITHMETIC:
            combine = ARITHMETIC[self.operator]
            if swapped:
                return nameless(vector, [combine(scalar, value) for value in vector.values])
            return nameless(vector, [combine(value, scalar) for value in vector.values])
        compare = COMPARISONS[self.operator]
        holds = [
            compare(scalar, value) if swapped else compare(value, scalar) for value in vector.values
        ]
        if self.as_bool:
            return nameless(vector, [float(held) for held in holds])
        kept = [position for position, held in enumerate(holds) if held]
        return Vector([vector.labels[p] for p in kept], [vector.values[p] for p in kept])

    def _signature(self, labels: Labels) -> Labels:
        found = self._signatures.get(labels)
        if found is None:
            found = self._signatures[labels] = self.matching.signature(labels)
        return found

    def _sets(self, left: Vector, right: Vector) -> Vector:
        theirs = {self._signature(labels) for labels in right.labels}
        if self.operator == "or":
            ours = {self._signature(labels) for labels in left.labels}
            added = [(pairs, v) for pairs, v in right if self._signature(pairs) not in ours]
            return Vector(
                left.labels + [pairs for pairs, _ in added], left.values + [v for _, v in added]
            )
        wanted = self.operator == "and"
        kept = [(pairs, v) for pairs, v in left if (self._signature(pairs) in theirs) == wanted]
        return Vector([pairs for pairs, _ in kept], [v for _, v in kept])

    def _matched(self, left: Vector, right: Vector) -> Vector:
        swapped = self.matching.group == "right"
        many, one = (right, left) if swapped else (left, right)
        ones = self._one_side(one, "left" if swapped else "right")
        taken: set[Labels] = set()
        found = Vector([], [])
        for labels, value in many:
            signature = self._signature(labels)
            partner = ones.get(signature)
            if partner is None:
                continue
            other_labels, other = partner
            pair = (other, value) if swapped else (value, other)
            result = self._combine(*pair)
            if result is None:
                continue
            if not self.matching.group:
                if signature in taken:
                    raise PromqlError(
                        "execution",
                        "multiple matches for labels: many-to-one matching must be explicit "
                        "(group_left/group_right)",
                    )
                taken.add(signature)
            found.labels.append(self._result_labels(labels, other_labels))
            found.values.append(result)
        if self.matching.group and len(set(found.labels)) != len(found.labels):
            raise PromqlError(
                "execution",
                "multiple matches for labels: grouping labels must ensure unique matches",
            )
        return unique(found)

    def _one_side(self, vector: Vector, side: str) -> dict[Labels, tuple[Labels, float]]:
        ones: dict[Labels, tuple[Labels, float]] = {}
        for labels, value in vector:
            signature = self._signature(labels)
            if signature in ones:
                raise PromqlError(
                    "execution",
                    f"found duplicate series for the match group {braces(signature)} on the {side} "
                    f"hand-side of the operation: [{braces(labels)}, {braces(ones[signature][0])}]"
                    ";many-to-many matching not allowed: matching labels must be unique on one side",
                )
            ones[signature] = (labels, value)
        return ones

    def _combine(self, left: float, right: float) -> float | None:
        if self.operator in ARITHMETIC:
            return ARITHMETIC[self.operator](left, right)
        held = COMPARISONS[self.operator](left, right)
        if self.as_bool:
            return float(held)
        return left if held else None

    def _result_labels(self, labels: Labels, other: Labels) -> Labels:
        if self.operator in ARITHMETIC or self.as_bool:
            labels = without_name(labels)
        matching = self.matching
        if not matching.group:
            wanted = matching.names
            return tuple(p for p in labels if (p[0] in wanted) == matching.on)
        if not matching.include:
            return labels
        theirs = dict(other)
        merged = {name: value for name, value in labels if name not in matching.include}
        merged |= {name: theirs[name] for name in matching.include if name in theirs}
        return tuple(sorted(merged.items()))


def braces(labels: Labels) -> str:
    """Labels as Prometheus writes them in messages."""
    pairs = dict(labels)
    name = pairs.pop(NAME, "")
    return name + "{" + ", ".join(f'{key}="{value}"' for key, value in pairs.items()) + "}"


@dataclass(slots=True)
class Negation:
    """Unary minus."""

    expression: Node

    def evaluate(self, moment: Moment) -> Value:
        """The negated value; a vector loses its name."""
        value = self.expression.evaluate(moment)
        if isinstance(value, Vector):
            moment.meter.spend(len(value))
            return nameless(value, [-v for v in value.values])
        return -float(value)
