"""From query text to nodes that evaluate: the one place that knows the parser package's shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import promql_parser as grammar

from opsrange.telemetry.metrics import NAME, Matcher
from opsrange.telemetry.promql.aggregation import REDUCTIONS, Aggregate
from opsrange.telemetry.promql.calls import Call, supported
from opsrange.telemetry.promql.operators import Binary, Matching, Negation
from opsrange.telemetry.promql.selectors import Range, Selector, Shift, Subquery
from opsrange.telemetry.promql.values import Moment, Node, PromqlError, RangeNode
from opsrange.telemetry.regex import RegexError

QUERY_CHARS_MAX = 20_000
NESTING_MAX = 100
OPERATORS_MAX = 200


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal."""

    value: float

    def evaluate(self, moment: Moment) -> float:
        """Itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str

    def evaluate(self, moment: Moment) -> str:
        """Itself."""
        return self.value


def compile_query(text: str) -> Node | RangeNode:
    """Parse and compile a query.

    Raises:
        PromqlError: ``bad_data`` when it does not parse, ``execution`` when it needs what is not supported.
    """
    tree = parse(text)
    return _native(lambda: _build(tree))


def parse(text: str) -> Any:
    """The parser package's tree of a query.

    Raises:
        PromqlError: of kind ``bad_data``, worded and positioned as Prometheus would.
    """
    _bound(text)
    try:
        return _native(lambda: grammar.parse(text))
    except ValueError as error:
        message = re.sub(r"'(\w[^']*)'", r'"\1"', str(error))
        message = re.sub(r"\b(?<!range )(?<!instant )matrix\b", "range vector", message)
        message = re.sub(r"(?<!range )(?<!instant )\bvector(?=$|,| in)", "instant vector", message)
        unfinished = text[-1:].isspace() or re.search(
            r"([^\w)}\]\"]|\b(and|or|unless|by|on))$", text
        )
        if message == "invalid promql query" and unfinished:
            message = "unexpected end of input"
        raise PromqlError(
            "bad_data", f"{_position(text, message)}: parse error: {message}"
        ) from None


T = TypeVar("T")


def _native(use: Callable[[], T]) -> T:
    """Use the parser package, which panics at numbers it cannot hold; a panic is not even an ``Exception``."""
    try:
        return use()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise PromqlError("bad_data", "1:1: parse error: a number is out of range") from None


def _bound(text: str) -> None:
    """Refuse what could exhaust the parser's stack, a native crash no handler survives, and what takes long to match."""
    if len(text) > QUERY_CHARS_MAX:
        raise PromqlError("bad_data", "1:1: parse error: query is too long")
    depth = deepest = 0
    for character in text:
        depth += (character in "({[") - (character in ")}]")
        deepest = max(deepest, depth)
    operators = len(re.findall(r"[-+*/%^<>=!]=?|\b(?:and|or|unless|atan2)\b", text))
    if deepest > NESTING_MAX or operators > OPERATORS_MAX:
        raise PromqlError("bad_data", "1:1: parse error: query is nested too deeply")


def _position(text: str, message: str) -> str:
    """Line and column of the quoted word that the message complains of, else of the end of the text."""
    if re.search("must contain|must use|not allowed in|wrong number", message):
        return "1:1"  # about the expression as a whole
    quoted = re.search(r'"([^"]+)"', message)
    place = text.find(quoted[1]) if quoted else -1
    place = len(text.rstrip()) if place < 0 else place
    line = text.count("\n", 0, place) + 1
    return f"{line}:{place - text.rfind(chr(10), 0, place)}"


def _build(tree: Any) -> Node | RangeNode:
    match tree:
        case grammar.NumberLiteral():
            return Number(float(tree.val))
        case grammar.StringLiteral():
            return Text(str(tree.val))
        case grammar.ParenExpr():
            return _build(tree.expr)
        case grammar.UnaryExpr():
            return Negation(_node(tree.expr))
        case grammar.VectorSelector():
            return _selector(tree)
        case grammar.MatrixSelector():
            return Range(_selector(tree.vector_selector), _ms(tree.range))
        case grammar.SubqueryExpr():
            return Subquery(_node(tree.expr), _ms(tree.range), _ms(tree.step), _shift(tree))
        case grammar.AggregateExpr():
            return _aggregate(tree)
        case grammar.BinaryExpr():
            return _binary(tree)
        case grammar.Call():
            return _call(tree)
    raise PromqlError("execution", f"unsupported expression {type(tree).__name__}")


def _node(tree: Any) -> Node:
    built = _build(tree)
    if isinstance(built, (Range, Subquery)):
        raise PromqlError("bad_data", "parse error: range vector where a value was expected")
    return built  # type: ignore[return-value]  # the two range nodes are excluded above


def _ms(duration: timedelta | None) -> int:
    return 0 if duration is None else round(duration.total_seconds() * 1000)


def _shift(tree: Any) -> Shift:
    at: int | str | None = None
    if tree.at is not None:
        try:
            moment = tree.at.at
        except ValueError:
            raise PromqlError("bad_data", "1:1: parse error: timestamp out of bounds") from None
        if isinstance(moment, datetime):
            at = round(moment.timestamp() * 1000)
        else:
            at = "start" if "start" in str(tree.at) else "end"
    return Shift(_ms(tree.offset), at)


def _selector(tree: Any) -> Selector:
    alternatives = tree.matchers.or_matchers or [tree.matchers.matchers]
    named = [Matcher.of(NAME, "=", tree.name)] if tree.name else []
    return Selector(
        [named + [_matcher(matcher) for matcher in matchers] for matchers in alternatives],
        _shift(tree),
    )


def _matcher(tree: Any) -> Matcher:
    kinds = {
        "MatchOp.Equal": "=",
        "MatchOp.NotEqual": "!=",
        "MatchOp.Re": "=~",
        "MatchOp.NotRe": "!~",
    }
    try:
        return Matcher.of(str(tree.name), kinds[repr(tree.op)], str(tree.value))
    except RegexError as error:
        raise PromqlError(
            "execution", f"unsupported regular expression {tree.value!r}: {error}"
        ) from None


def _aggregate(tree: Any) -> Aggregate:
    operator = str(tree.op)
    if operator not in (*REDUCTIONS, "quantile", "topk", "bottomk", "count_values"):
        raise PromqlError("execution", f"unsupported aggregation operator {operator!r}")
    modifier = tree.modifier
    return Aggregate(
        operator,
        _node(tree.expr),
        None if tree.param is None else _node(tree.param),
        None if modifier is None else frozenset(modifier.labels),
        modifier is not None and repr(modifier.type).endswith("Without"),
    )


def _binary(tree: Any) -> Binary:
    modifier = tree.modifier
    matching = Matching()
    if modifier is not None:
        label = modifier.matching
        card = repr(modifier.card)
        matching = Matching(
            on=label is not None and repr(label.type).endswith("Include"),
            names=() if label is None else tuple(label.labels),
            group={"ManyToOne": "left", "OneToMany": "right"}.get(card.rpartition(".")[2], ""),
            include=tuple(modifier.group_labels or ()),
        )
    as_bool = modifier is not None and bool(modifier.return_bool)
    return Binary(str(tree.op), _node(tree.lhs), _node(tree.rhs), matching, as_bool)


def _call(tree: Any) -> Call:
    name = str(tree.func.name)
    if not supported(name):
        raise PromqlError("execution", f'unsupported function "{name}"')
    arguments: list[Node] = []
    over: RangeNode | None = None
    for argument in tree.args:
        built = _build(argument)
        if isinstance(built, (Range, Subquery)):
            over = built
        else:
            arguments.append(built)  # type: ignore[arg-type]  # the two range nodes are excluded above
    return Call(name, arguments, over)
