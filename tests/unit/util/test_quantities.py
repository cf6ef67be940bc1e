"""Quantities and durations of Kubernetes: exact values, or an error."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cutover_gates.util.kubernetes_notation import parse_duration, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", Fraction(0)),
        ("2", Fraction(2)),
        ("12n", Fraction(12, 10**9)),
        ("3u", Fraction(3, 10**6)),
        ("250m", Fraction(1, 4)),
        ("1k", Fraction(1000)),
        ("2M", Fraction(2 * 10**6)),
        ("1G", Fraction(10**9)),
        ("1T", Fraction(10**12)),
        ("1P", Fraction(10**15)),
        ("1E", Fraction(10**18)),
        ("1Ki", Fraction(2**10)),
        ("128Mi", Fraction(2**27)),
        ("1Gi", Fraction(2**30)),
        ("1.5Gi", Fraction(3 * 2**29)),
        ("1Ti", Fraction(2**40)),
        ("1Pi", Fraction(2**50)),
        ("7Ei", Fraction(7 * 2**60)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("5e-3", Fraction(1, 200)),
        ("-1", Fraction(-1)),
        ("+.5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("0.1", Fraction(1, 10)),
        ("9223372036854775807n", Fraction(2**63 - 1, 10**9)),
    ],
)
def test_a_quantity_is_read_exactly(text: str, value: Fraction) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize("suffix", ["n", "u", "m", "", "k", "M", "Ki", "Mi", "Gi", "E", "Ei"])
@pytest.mark.parametrize("number", ["0", "1", "250", "1.5", "0.001", "-3", "+7", "123456789"])
def test_the_official_client_reads_the_same_value(number: str, suffix: str) -> None:
    """Where both accept a text. The official one also accepts what Kubernetes refuses."""
    official = pytest.importorskip("kubernetes.utils").parse_quantity
    assert parse_quantity(number + suffix) == Fraction(official(number + suffix))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "Gi",
        "1K",
        "1mi",
        "1 Gi",
        "1Gi ",
        "0x10",
        "1_000",
        "1e",
        "1e999999999",
        "nan",
        "inf",
        "1,5",
        "٣",
        "1\n",
    ],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30.0),
        ("15.2s", 15.2),
        ("1m0s", 60.0),
        ("1h2m3.5s", 3723.5),
        ("999ms", 0.999),
        ("5µs", 5e-6),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "1m 0s", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)
