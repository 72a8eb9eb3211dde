"""Annotations read as an operator knows them."""

from __future__ import annotations

import pytest

from opsrange.telemetry.promql import number_text
from opsrange.telemetry.templates import expand


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("{{ $labels.pod }} at {{ $value }}", 0.5, "web at 0.5"),
        ("{{$labels.missing}}.", 1, "."),
        ("{{ .Labels.pod | toUpper }}", 1, "WEB"),
        ("{{ $value | humanize }}", 1234567, "1.235M"),
        ("{{ $value | humanize }}", 0.00123, "1.23m"),
        ("{{ $value | humanize1024 }}B", 536870912, "512MiB"),
        ("{{ $value | humanizePercentage }}", 0.12345, "12.35%"),
        ("{{ humanizeDuration $value }}", 93784, "1d 2h 3m 4s"),
        ("{{ $value | humanizeDuration }}", 59.5, "59.5s"),
        ('{{ printf "%.2f" $value }}', 3.14159, "3.14"),
        ('{{ $value | printf "%.0f%%" }}', 42.4, "42%"),
        ('{{ printf "%s is %.1f" $labels.pod $value }}', 2, "web is 2.0"),
        ('{{ $value | humanize | printf "<%s>" }}', 2000, "<2k>"),
        ('{{ printf "%d" (printf "%.0f" $value) }}', 7.2, "7"),
        ("{{ $value }}", 1e21, "1e+21"),
        ("{{ $value }}", 123456789, "1.23456789e+08"),
        ("{{ $value }}", 0.00001, "1e-05"),
        ("{{ nothing }}", 1, '<error expanding template: function "nothing" not defined>'),
        ("{{ | }}", 1, "<error expanding template: missing value for command>"),
    ],
)
def test_expansion(text: str, value: float, expected: str) -> None:
    assert expand(text, {"pod": "web"}, value) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05, "0.05"),
        (1e9, "1000000000"),
        (1e21, "1000000000000000000000"),
        (1e-9, "0.000000001"),
        (-0.0, "-0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_print_without_exponents(value: float, text: str) -> None:
    assert number_text(value) == text
