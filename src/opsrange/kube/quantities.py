"""Kubernetes quantities: ``250m``, ``1.5``, ``512Mi``, ``2Gi``, ``10k``, ``1e3``.

Amounts are exact fractions of the base unit, so sums never drift. The text of a quantity is canonical, as the API server
writes every quantity back: the largest suffix that leaves a whole number (after k8s.io/apimachinery/pkg/api/resource).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

Notation = Literal["binary", "decimal", "exponent"]

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_SHAPE = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_EXPONENT = re.compile(r"[eE]([+-]?\d+)")
_LARGEST = 2**63 - 1
"""Kubernetes caps amounts at what a signed 64-bit integer holds."""
_LARGEST_EXPONENT = 30
"""Anything beyond is capped anyway; refusing to compute it keeps a hostile ``1e999999999`` cheap."""
_WRONG_SHAPE = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


class QuantityError(ValueError):
    """Text that is not a quantity; the message is the API server's."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount and the notation it was written in; ``str`` gives the canonical text."""

    amount: Fraction
    notation: Notation

    def __str__(self) -> str:
        if self.notation == "binary" and abs(self.amount) >= 1024:
            mantissa, power = _ceiling(self.amount), 0
            while power < 60 and mantissa % 1024 == 0:
                mantissa, power = mantissa // 1024, power + 10
            return f"{mantissa}{_suffix_of(_BINARY, power)}"
        mantissa, exponent = _ceiling(self.amount * 10**9), -9
        while mantissa and exponent < 18 and mantissa % 1000 == 0:
            mantissa, exponent = mantissa // 1000, exponent + 3
        if not mantissa:
            return "0"
        if self.notation == "exponent":
            return f"{mantissa}e{exponent}" if exponent else str(mantissa)
        return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"


def _suffix_of(table: dict[str, int], power: int) -> str:
    """The suffix for a power, empty for none."""
    return next((suffix for suffix, value in table.items() if value == power), "")


def _ceiling(amount: Fraction) -> int:
    """Rounded away from zero, as Kubernetes rounds what it cannot hold."""
    if amount < 0:
        return -_ceiling(-amount)
    return -(-amount.numerator // amount.denominator)


@lru_cache(maxsize=4096)
def parse(quantity: str | float) -> Quantity:
    """Read a quantity.

    Raises:
        QuantityError: with the API server's words, when ``quantity`` is not one.
    """
    text = str(quantity)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise QuantityError(_WRONG_SHAPE)
    number, suffix = shape.groups()
    if not _NUMBER.fullmatch(number):
        raise QuantityError("unable to parse numeric part of quantity")
    notation: Notation = "decimal"
    if suffix in _DECIMAL:
        scale = Fraction(10) ** _DECIMAL[suffix]
    elif suffix in _BINARY:
        notation, scale = "binary", Fraction(2) ** _BINARY[suffix]
    elif exponent := _EXPONENT.fullmatch(suffix):
        bounded = max(-_LARGEST_EXPONENT, min(_LARGEST_EXPONENT, int(exponent[1])))
        notation, scale = "exponent", Fraction(10) ** bounded
    else:
        raise QuantityError("unable to parse quantity's suffix")
    amount = Fraction(_ceiling(Fraction(number) * scale * 10**9), 10**9)
    return Quantity(max(Fraction(-_LARGEST), min(Fraction(_LARGEST), amount)), notation)


def parse_quantity(quantity: str | float) -> Fraction:
    """The exact amount of a quantity in its base unit.

    Raises:
        QuantityError: when ``quantity`` is not one.
    """
    return parse(quantity).amount


def canonical(quantity: str | float) -> str:
    """A quantity as the API server writes it back: ``1000m`` is ``1``, ``0.5Gi`` is ``512Mi``.

    Raises:
        QuantityError: when ``quantity`` is not one.
    """
    return str(parse(quantity))


def is_quantity(quantity: object) -> bool:
    """Whether a JSON value is a quantity."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return False
    try:
        parse(quantity)
    except QuantityError:
        return False
    return True


def thousandths(quantity: str | float) -> int:
    """A quantity in thousandths of its base unit (millicores for CPU), rounded up.

    Raises:
        QuantityError: when ``quantity`` is not one.
    """
    return _ceiling(parse(quantity).amount * 1000)


def units(quantity: str | float) -> int:
    """A quantity in whole base units (bytes, cores, pods), rounded up.

    Raises:
        QuantityError: when ``quantity`` is not one.
    """
    return _ceiling(parse(quantity).amount)


def is_binary(quantity: str | float) -> bool:
    """Whether a quantity is written in powers of 1024; sums keep the notation of their first part."""
    return parse(quantity).notation == "binary"


def written(amount_thousandths: int, *, binary: bool) -> str:
    """The canonical text of an amount.

    Args:
        amount_thousandths: thousandths of the base unit.
        binary: powers of 1024 (memory, storage) instead of powers of 1000.
    """
    return str(Quantity(Fraction(amount_thousandths, 1000), "binary" if binary else "decimal"))
