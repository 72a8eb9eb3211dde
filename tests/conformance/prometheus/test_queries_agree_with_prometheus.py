"""The same expressions over the same samples give what a real Prometheus gives.

Method: the store's samples are backfilled into a Prometheus; each expression is asked of both, at an instant on a scrape, at
one between scrapes, and over a range.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import pytest

START_S = 1_700_000_100
INSTANTS = (START_S + 1_500, START_S + 1_807.25, START_S + 2_385)

EXPRESSIONS = """
calls_total
calls_total{service_name=~"c.*",status_code!="STATUS_CODE_ERROR"}
{__name__=~"memory.*|limit.*",service_name!~"cart|front.*"}
rate(calls_total[5m])
rate(calls_total[40s])
rate(calls_total[1m] offset 7m)
rate(calls_total[5m] @ 1700001000)
increase(calls_total[10m])
sum by (service_name) (rate(calls_total[5m]))
sum without (status_code, job) (increase(calls_total[2m]))
sum(rate(calls_total{status_code="STATUS_CODE_ERROR"}[5m])) / sum(rate(calls_total[5m]))
sum by (service_name) (rate(calls_total{status_code="STATUS_CODE_ERROR"}[2m])) / sum by (service_name) (rate(calls_total[2m])) > 0.05
irate(calls_total[5m])
idelta(temperature[5m])
delta(temperature[5m])
rate(restarting_total[20m])
increase(restarting_total[20m])
resets(restarting_total[20m])
changes(temperature[10m])
deriv(temperature[10m])
predict_linear(temperature[10m], 600)
rate(gappy[5m])
gappy
gone
avg_over_time(temperature[7m])
min_over_time(temperature[7m])
max_over_time(temperature[7m])
sum_over_time(temperature[7m])
count_over_time(gappy[7m])
stddev_over_time(temperature[7m])
stdvar_over_time(temperature[7m])
quantile_over_time(0.9, temperature[7m])
last_over_time(gappy[7m])
present_over_time(gone[20m])
absent_over_time(gone{room="a"}[5m])
absent(gone{room="a",x=~"y"})
absent(calls_total)
avg by (service_name) (calls_total)
min(memory_bytes)
max by (job) (memory_bytes)
count by (status_code) (calls_total)
stddev(memory_bytes)
stdvar(temperature)
group by (service_name) (calls_total)
quantile by (job) (0.3, memory_bytes)
topk(2, memory_bytes)
bottomk by (status_code) (1, calls_total)
count_values("value", flat)
histogram_quantile(0.95, sum by (service_name, le) (rate(duration_ms_bucket[5m])))
histogram_quantile(0.5, duration_ms_bucket)
histogram_quantile(0.01, sum by (le) (rate(duration_ms_bucket[1m])))
histogram_quantile(1.5, duration_ms_bucket)
rate(duration_ms_sum[5m]) / rate(duration_ms_count[5m])
memory_bytes / on (service_name) group_left (tier) limit_bytes
limit_bytes * on (service_name) group_right () calls_total
memory_bytes / ignoring (job, span_kind, tier) group_left () limit_bytes
memory_bytes > bool 1.05e8
memory_bytes > 1.05e8 < 1.09e8
1.05e8 < memory_bytes
temperature > on (room) flat
temperature == bool on (room) flat
temperature and on (room) flat
temperature or flat
temperature unless on (room) flat
calls_total % 7 ^ 2
-temperature
temperature / 0
2 ^ temperature
abs(temperature) + ceil(temperature) - floor(temperature)
round(temperature, 0.5)
round(temperature)
clamp(temperature, -2, 2)
clamp_min(temperature, 0)
clamp_max(temperature, 0)
sgn(temperature) + exp(temperature)
ln(temperature)
sqrt(temperature)
log2(memory_bytes) + log10(memory_bytes)
sort(temperature)
sort_desc(memory_bytes)
label_replace(temperature, "zone", "$1-zone", "room", "(.*)")
label_replace(temperature, "zone", "x", "room", "b")
label_join(memory_bytes, "both", "/", "job", "service_name")
time()
vector(7)
scalar(flat)
scalar(temperature)
timestamp(gappy)
timestamp(temperature + 1)
hour() + minute() + day_of_week() + day_of_month() + days_in_month() + month() + year()
max_over_time(rate(calls_total[1m])[10m:30s])
avg_over_time(sum(temperature)[5m:])
sum(calls_total @ end()) - sum(calls_total @ start())
1 + 2 * 3 ^ 2 % 5
2 > bool 1
"text"
calls_total offset -1m
nothing_here
sum(nothing_here)
1e9 * 123456789
0.1 + 0.2
1 / 3e15
""".strip().splitlines()

REFUSED = """
sum(
rate(calls_total)
nosuch(calls_total)
{}
1 and 2
calls_total[5m] + 1
memory_bytes / on (job) limit_bytes
calls_total + on (service_name) memory_bytes
calls_total + on (job) group_left () memory_bytes
label_replace(temperature, "not-a-label", "x", "room", ".*")
""".strip().splitlines()


class Answerer(Protocol):
    def get(self, path: str, **query: str | list[str]) -> tuple[int, Any]: ...


def close(ours: str, theirs: str) -> bool:
    a, b = float(ours), float(theirs)
    return ours == theirs or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def comparable(data: Any) -> list[tuple[Any, list[Any]]]:
    if data["resultType"] in ("scalar", "string"):
        return [({}, [data["result"]])]
    rows = [
        (sorted(row["metric"].items()), row.get("values") or [row["value"]])
        for row in data["result"]
    ]
    return sorted(rows)


def assert_same(ours: Any, theirs: Any) -> None:
    assert ours["resultType"] == theirs["resultType"]
    mine, other = comparable(ours), comparable(theirs)
    assert [labels for labels, _ in mine] == [labels for labels, _ in other]
    for (labels, points), (_, expected) in zip(mine, other, strict=True):
        assert [t for t, _ in points] == [t for t, _ in expected], labels
        for (instant, value), (_, wanted) in zip(points, expected, strict=True):
            same = value == wanted if ours["resultType"] == "string" else close(value, wanted)
            assert same, (labels, instant, value, wanted)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_instant_query_answers_the_same(twin: Answerer, real: Answerer, expression: str) -> None:
    for instant in INSTANTS:
        query = {"query": expression, "time": str(instant)}
        status, theirs = real.get("/api/v1/query", **query)
        assert status == 200, theirs
        status, ours = twin.get("/api/v1/query", **query)
        assert status == 200, ours
        assert_same(ours["data"], theirs["data"])


@pytest.mark.parametrize("expression", [text for text in EXPRESSIONS if text != '"text"'])
def test_a_range_query_answers_the_same(twin: Answerer, real: Answerer, expression: str) -> None:
    query = {
        "query": expression,
        "start": str(START_S + 200),
        "end": str(START_S + 2_400),
        "step": "70",
    }
    status, theirs = real.get("/api/v1/query_range", **query)
    assert status == 200, theirs
    status, ours = twin.get("/api/v1/query_range", **query)
    assert status == 200, ours
    assert_same(ours["data"], theirs["data"])


@pytest.mark.parametrize("expression", REFUSED)
def test_what_prometheus_refuses_is_refused_alike(
    twin: Answerer, real: Answerer, expression: str
) -> None:
    query = {"query": expression, "time": str(INSTANTS[0])}
    status, theirs = real.get("/api/v1/query", **query)
    assert status in (400, 422), theirs
    our_status, ours = twin.get("/api/v1/query", **query)
    assert (our_status, ours["errorType"]) == (status, theirs["errorType"]), (ours, theirs)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/labels", {}),
        ("/api/v1/labels", {"match[]": "temperature"}),
        ("/api/v1/label/service_name/values", {}),
        ("/api/v1/label/__name__/values", {"match[]": '{room="a"}'}),
        ("/api/v1/label/nothing/values", {}),
        ("/api/v1/series", {"match[]": ["temperature", 'calls_total{service_name="cart"}']}),
    ],
)
def test_series_and_labels_are_listed_the_same(
    twin: Answerer, real: Answerer, path: str, query: dict[str, str | list[str]]
) -> None:
    window = {"start": str(START_S), "end": str(START_S + 2_400)}
    status, theirs = real.get(path, **window, **query)
    assert status == 200, theirs
    status, ours = twin.get(path, **window, **query)
    assert status == 200

    def ordered(rows: list[Any]) -> list[Any]:
        return sorted(rows, key=lambda row: sorted(row.items()) if isinstance(row, dict) else row)

    assert ordered(ours["data"]) == ordered(theirs["data"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/query", {"query": ""}),
        ("/api/v1/query", {"query": "1", "time": "yesterday"}),
        ("/api/v1/query_range", {"query": "1", "start": "10", "end": "5", "step": "1"}),
        ("/api/v1/query_range", {"query": "1", "start": "0", "end": "100", "step": "0"}),
        ("/api/v1/query_range", {"query": "1", "start": "0", "end": "100000", "step": "1"}),
        ("/api/v1/query_range", {"query": "1", "start": "0", "end": "100"}),
        (
            "/api/v1/query_range",
            {"query": "calls_total[5m]", "start": "0", "end": "1", "step": "1"},
        ),
        ("/api/v1/series", {}),
        ("/api/v1/series", {"match[]": "sum("}),
        ("/api/v1/label/9x/values", {}),
        ("/api/v1/rules", {"type": "nonsense"}),
    ],
)
def test_a_bad_parameter_gets_the_same_envelope(
    twin: Answerer, real: Answerer, path: str, query: dict[str, str]
) -> None:
    status, theirs = real.get(path, **query)
    our_status, ours = twin.get(path, **query)
    assert (our_status, ours["errorType"]) == (status, theirs["errorType"]), (ours, theirs)
    if "parse error" not in theirs["error"]:
        assert ours["error"] == theirs["error"]
