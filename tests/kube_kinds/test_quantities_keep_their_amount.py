from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.kube.quantities import (
    QuantityError,
    canonical,
    is_quantity,
    parse,
    thousandths,
    units,
    written,
)

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-3", "e6"]
WHOLE = st.builds(
    lambda number, suffix: f"{number}{suffix}",
    st.integers(-999_999, 999_999),
    st.sampled_from(SUFFIXES),
)


@given(WHOLE)
def test_the_canonical_text_means_the_same_and_stays(text: str) -> None:
    once = canonical(text)
    assert parse(once).amount == parse(text).amount
    assert canonical(once) == once


@given(st.integers(1, 10**9), st.sampled_from(["Ki", "Mi", "Gi"]))
def test_no_suffix_larger_than_the_chosen_one_would_do(number: int, suffix: str) -> None:
    text = canonical(f"{number}{suffix}")
    mantissa = int(text.rstrip("KMGTPEi"))
    assert mantissa % 1024 or text.endswith("Ei")


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("1000m", "1"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("0.5Gi", "512Mi"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("0.1Ki", "102400m"),
        ("1.1Ki", "1127"),
        ("1E3", "1e3"),
        ("0", "0"),
        ("1e999999999", "9223372036854775807"),
    ],
)
def test_canonical_texts_are_those_of_the_api_server(given_text: str, expected: str) -> None:
    assert canonical(given_text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "quantities must match the regular expression"),
        ("1K", "unable to parse quantity's suffix"),
        ("1.2.3", "unable to parse numeric part of quantity"),
    ],
)
def test_what_is_no_quantity_is_refused_in_kubernetes_words(text: str, message: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(QuantityError, match=message):
        parse(text)


def test_units_round_up() -> None:
    assert thousandths("250m") == 250
    assert thousandths("1Ki") == 1_024_000
    assert units("1500m") == 2
    assert parse("100n").amount == Fraction(1, 10**7)
    assert written(512 * 1024 * 1024 * 1000, binary=True) == "512Mi"
    assert written(1500, binary=False) == "1500m"
