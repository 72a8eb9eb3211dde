"""Kubernetes quantities: ``250m``, ``1.5``, ``512Mi``, ``2Gi``, ``10k``.

Held as integers in thousandths of the base unit, so that sums are exact: ``250m`` is 250, ``1Ki`` is 1 024 000.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_SUFFIX = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter + "i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_PATTERN = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]?i?)")


@lru_cache(maxsize=4096)
def thousandths(quantity: str | float) -> int:
    """A quantity in thousandths of its base unit, rounded up as Kubernetes rounds.

    Raises:
        ValueError: when ``quantity`` is not one.
    """
    text = str(quantity)
    match = _PATTERN.fullmatch(text)
    if match is None or match[2] not in _SUFFIX:
        raise ValueError(f"quantity {text!r} was given; expected e.g. 250m, 1.5, 512Mi, 2Gi")
    scaled = Fraction(match[1]) * _SUFFIX[match[2]] * 1000
    return -(-scaled.numerator // scaled.denominator)


def units(quantity: str | float) -> int:
    """A quantity in whole base units (bytes, pods), rounded up."""
    return -(-thousandths(quantity) // 1000)


def written(amount_thousandths: int, *, binary: bool) -> str:
    """The canonical text of an amount: the largest suffix that leaves a whole number.

    Args:
        amount_thousandths: thousandths of the base unit.
        binary: powers of 1024 (memory, storage) instead of powers of 1000.
    """
    if amount_thousandths % 1000:
        return f"{amount_thousandths}m"
    whole = amount_thousandths // 1000
    step, letters = (1024, "KMGTPE") if binary else (1000, "kMGTPE")
    suffix = ""
    for letter in letters:
        if whole == 0 or whole % step:
            break
        whole //= step
        suffix = letter + ("i" if binary else "")
    return f"{whole}{suffix}"


def is_binary(quantity: str | float) -> bool:
    """Whether a quantity is written in powers of 1024; sums keep the notation of their parts."""
    return str(quantity).endswith("i")
