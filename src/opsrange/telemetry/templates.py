"""The part of Prometheus' text templates that alert annotations use: values, labels, pipelines, formatting functions.

Belongs here: expansion of one text. Does not: control structures and queries inside templates, which answer with
Prometheus' error text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

Operand = float | str

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:(\"(?:[^\"\\]|\\.)*\")|(`[^`]*`)|([|()])|([^\s|()\"`]+))")


class _TemplateError(Exception):
    """What the template asks for does not exist."""


def expand(text: str, labels: Mapping[str, str], value: float) -> str:
    """Expand the actions of a template.

    Args:
        text: a label or annotation of a rule.
        labels: of the alert's series.
        value: of the alert's series.

    Returns:
        The text, or Prometheus' error text in its place when an action cannot be expanded.
    """
    try:
        return _ACTION.sub(lambda match: shown(_Action(match[1], labels, value).run()), text)
    except (_TemplateError, ValueError, TypeError) as error:
        return f"<error expanding template: {error}>"


class _Action:
    """One ``{{ }}``: a pipeline of calls, each passing its result on as the last argument."""

    def __init__(self, text: str, labels: Mapping[str, str], value: float) -> None:
        self._tokens = [match.group().strip() for match in _TOKEN.finditer(text)]
        self._labels = labels
        self._value = value
        self._place = 0

    def run(self) -> Operand:
        result = self._pipeline()
        if self._place < len(self._tokens):
            raise _TemplateError(f"unexpected {self._tokens[self._place]!r} in action")
        return result

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _pipeline(self) -> Operand:
        result = self._command([])
        while self._peek() == "|":
            self._place += 1
            result = self._command([result])
        return result

    def _command(self, piped: list[Operand]) -> Operand:
        head = self._peek()
        if not head or head in "|)":
            raise _TemplateError("missing value for command")
        function = FUNCTIONS.get(head)
        if function is not None:
            self._place += 1
        operands: list[Operand] = []
        while self._peek() not in ("", "|", ")"):
            operands.append(self._operand())
        operands += piped
        if function is not None:
            return function(operands)
        if len(operands) != 1:
            raise _TemplateError(f"can't give argument to non-function {head}")
        return operands[0]

    def _operand(self) -> Operand:
        token = self._peek()
        self._place += 1
        if token == "(":  # noqa: S105 - a piece of template
            inner = self._pipeline()
            if self._peek() != ")":
                raise _TemplateError("unclosed left paren")
            self._place += 1
            return inner
        if token[0] == '"':
            return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), token[1:-1])
        if token[0] == "`":
            return token[1:-1]
        if token in ("$value", ".Value"):
            return self._value
        for prefix in ("$labels.", ".Labels."):
            if token.startswith(prefix):
                return self._labels.get(token.removeprefix(prefix), "")
        if token.startswith("$externalLabels."):
            return ""
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return float(token)
        raise _TemplateError(f'function "{token}" not defined')


def shown(value: Operand) -> str:
    """A value as Go prints it by default."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        return str(int(value)) if value == int(value) else repr(value)
    return exponent_text(value)


def exponent_text(value: float) -> str:
    """A number with an exponent and the fewest digits, as Go's ``%e`` with shortest precision."""
    if not math.isfinite(value):
        return shown(value)
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            return text
    return f"{value:.17e}"


def _number(operands: Sequence[Operand]) -> float:
    return float(operands[-1])


def _scaled(value: float, base: float, prefixes: str, suffix: str = "") -> str:
    chosen = ""
    for prefix in prefixes:
        if abs(value) < base:
            break
        chosen = prefix + suffix
        value /= base
    return f"{value:.4g}{chosen}"


def _shrunk(value: float) -> str:
    chosen = ""
    for prefix in "munpfazy":
        if abs(value) >= 1:
            break
        chosen = prefix
        value *= 1000
    return f"{value:.4g}{chosen}"


def _plain(value: float) -> str:
    return shown(value) if not math.isfinite(value) else f"{value:.4g}"


def humanize(value: float) -> str:
    """With a metric prefix and four digits."""
    if value == 0 or not math.isfinite(value):
        return _plain(value)
    return _scaled(value, 1000.0, "kMGTPEZY") if abs(value) >= 1 else _shrunk(value)


def humanize_1024(value: float) -> str:
    """With a binary prefix and four digits."""
    if abs(value) <= 1 or not math.isfinite(value):
        return _plain(value)
    return _scaled(value, 1024.0, "kMGTPEZY", "i")


def humanize_duration(seconds: float) -> str:
    """Days, hours, minutes and seconds."""
    if not math.isfinite(seconds):
        return _plain(seconds)
    if abs(seconds) < 1:
        return "0s" if seconds == 0 else f"{_shrunk(seconds)}s"
    sign, whole = ("-" if seconds < 0 else ""), int(abs(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hour}h {minute}m {second}s"
    if hours:
        return f"{sign}{hour}h {minute}m {second}s"
    if minutes:
        return f"{sign}{minute}m {second}s"
    return f"{sign}{abs(seconds):.4g}s"


def humanize_timestamp(seconds: float) -> str:
    """An instant in Go's default layout."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def _printf(operands: Sequence[Operand]) -> str:
    template, values = str(operands[0]), list(operands[1:])

    def verb(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if not values:
            return f"%!{match[2]}(MISSING)"
        value = values.pop(0)
        if match[2] == "v":
            return shown(value)
        if match[2] == "q":
            return f'"{value}"'
        if match[2] == "d":
            return f"%{match[1]}d" % int(float(value))
        return f"%{match[1]}{match[2]}" % (value if match[2] == "s" else float(value))

    return re.sub(r"%([-+ 0#]*\d*(?:\.\d+)?)([a-zA-Z%])", verb, template)


FUNCTIONS: Mapping[str, Callable[[Sequence[Operand]], Operand]] = {
    "humanize": lambda operands: humanize(_number(operands)),
    "humanize1024": lambda operands: humanize_1024(_number(operands)),
    "humanizeDuration": lambda operands: humanize_duration(_number(operands)),
    "humanizePercentage": lambda operands: f"{_number(operands) * 100:.4g}%",
    "humanizeTimestamp": lambda operands: humanize_timestamp(_number(operands)),
    "printf": _printf,
    "title": lambda operands: str(operands[-1]).title(),
    "toLower": lambda operands: str(operands[-1]).lower(),
    "toUpper": lambda operands: str(operands[-1]).upper(),
}
