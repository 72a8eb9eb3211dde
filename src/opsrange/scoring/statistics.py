"""Numbers over many attempts: pass@1 with its interval, pass^k, and the price of it.

Intervals resample whole scenarios, because seeds and repeats of one scenario are not independent. When every
scenario has the same mean, at 0 or 1, resampling would claim certainty; Wilson's interval over the number of
scenarios is given instead.

Belongs here: aggregation of judged attempts. Does not: tables or charts (``reports``).
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from pydantic import Field

from opsrange.errors import Owner
from opsrange.trace import Record

RESAMPLES = 2_000
"""Keeps the Monte Carlo error of a bound below half a point at the sample sizes of a suite."""
_Z95 = 1.959964
_Group = TypeVar("_Group")


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


def clustered_interval(values: Sequence[tuple[str, float]], seed: int = 0) -> Interval | None:
    """The 95 % interval of a mean of values in 0…1, by a bootstrap that resamples clusters.

    Args:
        values: pairs of cluster (the scenario) and value.
        seed: of the resampling; the same input and seed give the same interval.
    """
    if not values:
        return None
    groups = _sums(values)
    mean = sum(total for total, _ in groups) / len(values)
    if len(groups) == 1 or mean in {0.0, 1.0}:
        return wilson(mean * len(groups), len(groups))
    return _percentiles(
        [
            sum(total for total, _ in drawn) / sum(count for _, count in drawn)
            for drawn in _resampled(groups, seed)
        ]
    )


def mean_difference(differences: Sequence[tuple[str, float]], seed: int = 0) -> Estimate | None:
    """The mean of paired differences with its 95 % interval, by a bootstrap that resamples clusters.

    Where resampling would claim certainty, the interval is that of as many tosses of a coin as there are clusters.

    Args:
        differences: of each instance in -1…1, with its cluster (the scenario).
        seed: of the resampling.
    """
    if not differences:
        return None
    groups = _sums(differences)
    mean = sum(value for _, value in differences) / len(differences)
    if len({total / count for total, count in groups}) == 1:
        coin = wilson((mean + 1) / 2 * len(groups), len(groups))
        interval = Interval(low=min(mean, 2 * coin.low - 1), high=max(mean, 2 * coin.high - 1))
    else:
        interval = _percentiles(
            [
                sum(total for total, _ in drawn) / sum(count for _, count in drawn)
                for drawn in _resampled(groups, seed)
            ]
        )
    return Estimate(value=mean, interval=interval, pairs=len(differences))


def ratio_of_means(rows: Sequence[tuple[str, float, float]], seed: int = 0) -> Estimate | None:
    """The ratio of two means over the same instances; ``None`` when the lower one is not above zero.

    The interval is ``None`` when so few clusters carry the lower mean that a resample loses it.

    Args:
        rows: cluster (the scenario), upper and lower value of each instance.
        seed: of the resampling.
    """
    lower = sum(row[2] for row in rows)
    if lower <= 0:
        return None
    clusters: dict[str, list[float]] = {}
    for cluster, above, below in rows:
        sums = clusters.setdefault(cluster, [0.0, 0.0])
        sums[0] += above
        sums[1] += below
    groups = [(above, below) for _, (above, below) in sorted(clusters.items())]
    drawn = [
        (sum(above for above, _ in sample), sum(below for _, below in sample))
        for sample in _resampled(groups, seed)
    ]
    bounded = len(groups) > 1 and all(below > 0 for _, below in drawn)
    return Estimate(
        value=sum(row[1] for row in rows) / lower,
        interval=_percentiles([above / below for above, below in drawn]) if bounded else None,
        pairs=len(rows),
    )


def _sums(values: Sequence[tuple[str, float]]) -> list[tuple[float, int]]:
    """Sum and count per cluster."""
    clusters: dict[str, list[float]] = {}
    for cluster, value in values:
        clusters.setdefault(cluster, []).append(value)
    return [(sum(group), len(group)) for _, group in sorted(clusters.items())]


def _resampled(groups: Sequence[_Group], seed: int) -> Iterator[list[_Group]]:
    """As many clusters as there are, drawn with replacement, again and again."""
    stream = random.Random(f"opsrange bootstrap {seed}")
    for _ in range(RESAMPLES):
        yield stream.choices(groups, k=len(groups))


def _percentiles(means: list[float]) -> Interval:
    ordered = sorted(means)
    return Interval(
        low=ordered[int(0.025 * RESAMPLES)], high=ordered[math.ceil(0.975 * RESAMPLES) - 1]
    )


def summarise(attempts: Sequence[Attempt], seed: int = 0) -> Summary:
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
        pass_at_1_interval=clustered_interval(passes, seed),
        score_mean=_mean(value for _, value in scores),
        score_interval=clustered_interval(scores, seed),
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
