"""Numbers over many attempts: pass@1 with its interval, pass^k, and the price of it.

Seeds and repeats of one scenario are not independent, so an interval counts scenarios, whole. One rule serves means,
differences and ratios, and never claims certainty: see :func:`clustered_interval`.

Belongs here: aggregation of judged attempts. Does not: tables or charts (``reports``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from pydantic import Field

from opsrange.errors import Owner
from opsrange.trace import Record

_Z95 = 1.959964


class Attempt(Record):
    """One attempt, reduced to what is counted."""

    scenario: str
    seed: int
    epoch: int = 1
    passed: bool | None
    """``None`` when the attempt is void."""
    score: float | None = None
    void_owner: Owner | None = None
    turns: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    to_diagnosis_ms: int | None = None
    to_repair_ms: int | None = None


class Interval(Record):
    """A 95 % interval."""

    low: float
    high: float


class Estimate(Record):
    """A comparison of paired instances."""

    value: float
    interval: Interval | None
    """``None`` when the pairs do not bound it."""
    pairs: int
    """Instances that were compared."""


class Summary(Record):
    """One agent on one suite. Void attempts are counted and enter no other number."""

    attempts: int
    scored: int
    void: dict[str, int] = Field(default_factory=dict)
    """Void attempts by owner."""
    pass_at_1: float | None
    pass_at_1_interval: Interval | None
    score_mean: float | None
    score_interval: Interval | None
    pass_hat: dict[int, float] = Field(default_factory=dict)
    """``k`` to the chance that ``k`` repeats of an instance all pass."""
    turns_mean: float | None
    tokens_mean: float | None
    cost_usd_mean: float | None
    """Over attempts whose price is known; ``None`` when none is."""
    to_diagnosis_ms_median: float | None
    """Over attempts that reported."""
    to_repair_ms_median: float | None
    """Over attempts that repaired."""


def pass_hat_k(passes: int, attempts: int, k: int) -> float:
    """The unbiased chance that ``k`` attempts drawn without replacement all pass: C(c, k) / C(n, k).

    Raises:
        ValueError: unless ``0 <= passes <= attempts`` and ``1 <= k <= attempts``.
    """
    if not 0 <= passes <= attempts or not 1 <= k <= attempts:
        raise ValueError(f"pass^{k} of {passes} passes in {attempts} attempts is not defined")
    return math.comb(passes, k) / math.comb(attempts, k)


def wilson(successes: float, n: int) -> Interval:
    """Wilson's 95 % interval of a proportion."""
    if n == 0:
        return Interval(low=0, high=1)
    share, square = successes / n, _Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return Interval(low=max(0.0, centre - half), high=min(1.0, centre + half))


def exact_upper(events: int, n: int) -> float:
    """The exact one-sided 95 % upper bound of a proportion, after Clopper and Pearson (1934).

    With no event in ``n`` runs it is close to 3/n: three hundred clean runs show no more than that at most one in a
    hundred does harm.

    Raises:
        ValueError: unless ``0 <= events <= n``.
    """
    if not 0 <= events <= n:
        raise ValueError(f"{events} events in {n} runs is not defined")
    if events == n:
        return 1.0
    low, high = events / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        yes, no = math.log(middle), math.log1p(-middle)
        at_most = math.fsum(
            math.exp(_log_comb(n, k) + k * yes + (n - k) * no) for k in range(events + 1)
        )
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return high


def _log_comb(n: int, k: int) -> float:
    """The logarithm of C(n, k), which itself soon is too large for a float."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def clustered_interval(
    values: Sequence[tuple[str, float]], low: float = 0.0, high: float = 1.0
) -> Interval | None:
    """The 95 % interval of a mean, from the spread between clusters; ``None`` without values.

    Two clusters that nobody saw are added, one all ``low`` and one all ``high``. So few clusters that happen to agree, or a
    perfect record, are not taken for certainty, and a worse record never looks surer on the side that it fails on.

    Args:
        values: pairs of cluster (the scenario) and value.
        low: the least that a value can be.
        high: the most.

    Source: the variance of a ratio estimator over clusters, W. G. Cochran, Sampling Techniques, 3rd edition, 1977, chapter
    6; the two added observations, A. Agresti and B. Caffo, Simple and effective confidence intervals for proportions and
    differences of proportions, The American Statistician 54 (2000), here with Student's t of the clusters.
    """
    if not values:
        return None
    groups = _sums(values)
    size = len(values) / len(groups)
    shares = [(total / size, count / size) for total, count in groups] + [(low, 1.0), (high, 1.0)]
    weight = math.fsum(count for _, count in shares)
    centre = math.fsum(total for total, _ in shares) / weight
    half = _half_width([total - centre * count for total, count in shares], weight)
    return Interval(low=max(low, centre - half), high=min(high, centre + half))


def mean_difference(differences: Sequence[tuple[str, float]]) -> Estimate | None:
    """The mean of paired differences with its 95 % interval (:func:`clustered_interval`).

    Args:
        differences: of each instance in -1…1, with its cluster (the scenario).
    """
    if not differences:
        return None
    return Estimate(
        value=math.fsum(value for _, value in differences) / len(differences),
        interval=clustered_interval(differences, -1.0, 1.0),
        pairs=len(differences),
    )


def ratio_of_means(rows: Sequence[tuple[str, float, float]]) -> Estimate | None:
    """The ratio of two means over the same instances; ``None`` when the lower one is not above zero.

    The interval is that of the upper minus the ratio times the lower, in units of the lower, with two clusters added as in
    :func:`clustered_interval`; ``None`` when the lower mean may be zero by its own interval.

    Args:
        rows: cluster (the scenario), upper and lower value of each instance, both in -1…1.
    """
    below = math.fsum(row[2] for row in rows)
    if below <= 0:
        return None
    value = math.fsum(row[1] for row in rows) / below
    base = clustered_interval([(cluster, lower) for cluster, _, lower in rows], -1.0, 1.0)
    interval = None
    if base is not None and base.low > 0:
        groups = _sums([(cluster, upper - value * lower) for cluster, upper, lower in rows])
        size = len(rows) / len(groups)
        half = _half_width([*(total for total, _ in groups), -size, size], below)
        interval = Interval(low=value - half, high=value + half)
    return Estimate(value=value, interval=interval, pairs=len(rows))


def _half_width(residuals: Sequence[float], weight: float) -> float:
    """Half of the 95 % interval of a sum over clusters, divided by ``weight``."""
    n = len(residuals)
    spread = n / (n - 1) * math.fsum(residual * residual for residual in residuals)
    return _t95(n - 1) * math.sqrt(spread) / weight


def _t95(freedom: int) -> float:
    """Student's t, exceeded in absolute value by 5 %, within one part in a hundred from two degrees of freedom on.

    Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 1964, 26.7.5.
    """
    z, v = _Z95, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92_160 * v**4)
    )


def _sums(values: Sequence[tuple[str, float]]) -> list[tuple[float, int]]:
    """Sum and count per cluster."""
    clusters: dict[str, list[float]] = {}
    for cluster, value in values:
        clusters.setdefault(cluster, []).append(value)
    return [(math.fsum(group), len(group)) for _, group in sorted(clusters.items())]


def summarise(attempts: Sequence[Attempt]) -> Summary:
    """Aggregate one agent's attempts."""
    scored = [attempt for attempt in attempts if attempt.passed is not None]
    void: dict[str, int] = {}
    for attempt in attempts:
        if attempt.passed is None:
            owner = str(attempt.void_owner or Owner.WORLD)
            void[owner] = void.get(owner, 0) + 1
    passes = [(attempt.scenario, float(bool(attempt.passed))) for attempt in scored]
    scores = [(attempt.scenario, attempt.score or 0.0) for attempt in scored]
    return Summary(
        attempts=len(attempts),
        scored=len(scored),
        void=dict(sorted(void.items())),
        pass_at_1=_mean(value for _, value in passes),
        pass_at_1_interval=clustered_interval(passes),
        score_mean=_mean(value for _, value in scores),
        score_interval=clustered_interval(scores),
        pass_hat=pass_hat(scored),
        turns_mean=_mean(attempt.turns for attempt in scored),
        tokens_mean=_mean(attempt.tokens for attempt in scored),
        cost_usd_mean=_mean(attempt.cost_usd for attempt in scored),
        to_diagnosis_ms_median=_median(attempt.to_diagnosis_ms for attempt in scored),
        to_repair_ms_median=_median(attempt.to_repair_ms for attempt in scored if attempt.passed),
    )


def pass_hat(scored: Sequence[Attempt]) -> dict[int, float]:
    """For each ``k`` that every instance was repeated at least ``k`` times, the mean over instances."""
    instances: dict[tuple[str, int], list[bool]] = {}
    for attempt in scored:
        instances.setdefault((attempt.scenario, attempt.seed), []).append(bool(attempt.passed))
    repeats = min((len(results) for results in instances.values()), default=0)
    return {
        k: statistics.fmean(
            pass_hat_k(sum(results), len(results), k) for results in instances.values()
        )
        for k in range(1, repeats + 1)
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
