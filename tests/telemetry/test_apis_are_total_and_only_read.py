"""Whatever is asked, an API answers, moves nothing, and answers alike in every process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from opsrange.telemetry import Telemetry, default_rules
from opsrange.wire import Request, Response
from opsrange.world import Kernel

if TYPE_CHECKING:
    from tests.telemetry.conftest import World

KERNEL = Kernel("seed", 1_700_000_100_000)
TELEMETRY = Telemetry(KERNEL, default_rules())
TELEMETRY.metrics.count("x_total", {"job": "a", "instance": "b"}, 1)
TELEMETRY.metrics.gauge("y", {"job": "a"}, float("nan"))
for _ in range(4):
    KERNEL.now_ms += 15_000
    TELEMETRY.metrics.scrape()

paths = st.sampled_from(
    [
        "/",
        "/api/v1/query",
        "/api/v1/query_range",
        "/api/v1/series",
        "/api/v1/labels",
        "/api/v1/label//values",
        "/api/v1/label/job/values",
        "/api/v1/rules",
        "/api/v1/targets",
        "/api/v1/metadata",
        "/api/v1/status/tsdb",
        "/api/v2/alerts",
        "/api/v2/alerts/groups",
        "/api/v2/silences",
        "/api/v2/silence/x",
        "/api/v2/status",
        "/api/services",
        "/api/operations",
        "/api/traces",
        "/api/traces/zz",
        "/api/dependencies",
    ]
) | st.text(max_size=20)
words = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1e99",
        "nan",
        "5m",
        "x_total",
        "rate(x_total[1m])",
        "round(y, 1e-320)",
        "{",
        "[]",
        '{"a":1}',
        "2023-11-14T22:15:00Z",
        "true",
        "0001-01-01T00:00:00Z",
        "topk(1e30, y)",
        "exp(1e9*y)",
        "hour(vector(1e18))",
        "10 ^ 1e9",
        "sum(y) by (job)",
        "-1 % 0",
        "x_total[1m:1s]",
    ]
) | st.text(max_size=12)
names = st.sampled_from(
    [
        "query",
        "time",
        "start",
        "end",
        "step",
        "match[]",
        "limit",
        "filter",
        "service",
        "tags",
        "tag",
        "lookback",
        "minDuration",
        "active",
        "type",
        "endTs",
        "receiver",
        "timeout",
        "traceID",
    ]
)
queries = st.dictionaries(names, st.lists(words, min_size=1, max_size=2), max_size=5)
bodies = st.binary(max_size=40) | st.sampled_from(
    [b"[]", b"{}", b"[1]", b'[{"labels":{"a":1},"annotations":3}]', b"query=x_total&time=1"]
)
headers = st.sampled_from([{}, {"content-type": "application/x-www-form-urlencoded"}])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["GET", "POST", "DELETE", "HEAD"]), paths, queries, headers, bodies)
def test_no_request_escapes(
    method: str, path: str, query: dict[str, list[str]], header: dict[str, str], body: bytes
) -> None:
    request = Request(method, path, query, header, body)
    before = KERNEL.now_ms
    for handler in (TELEMETRY.prometheus, TELEMETRY.alertmanager, TELEMETRY.jaeger):
        response = handler.handle(request)
        assert isinstance(response, Response)
        assert 200 <= response.status < 500
    assert before == KERNEL.now_ms


def test_queries_too_deep_for_the_parser_are_refused(world: World) -> None:
    for text in ("(" * 5_000 + "1" + ")" * 5_000, "-" * 50_000 + "1", "+".join(["1"] * 9_000)):
        status, document = world.get(world.telemetry.prometheus, "/api/v1/query", query=text)
        assert status in (400, 422)
        assert document["status"] == "error"


def test_reading_changes_neither_time_nor_journal(world: World) -> None:
    world.telemetry.start()
    world.advance(120)
    digest, now_ms = world.kernel.journal.digest, world.kernel.now_ms
    first = world.get(world.telemetry.prometheus, "/api/v1/query", query="ALERTS")
    world.get(world.telemetry.alertmanager, "/api/v2/alerts")
    assert world.get(world.telemetry.prometheus, "/api/v1/query", query="ALERTS") == first
    assert (world.kernel.journal.digest, world.kernel.now_ms) == (digest, now_ms)


def test_a_browser_is_shown_where_the_api_is(world: World) -> None:
    for api, paths in (
        (world.telemetry.prometheus, ("/", "/graph", "/alerts")),
        (world.telemetry.alertmanager, ("/",)),
        (world.telemetry.jaeger, ("/", "/search")),
    ):
        for path in paths:
            page = api.handle(Request("GET", path))
            assert (page.status, page.content_type) == (200, "text/html; charset=utf-8")
            (linked, *_) = re.findall(rb'href="([^"?]+)', page.body)
            assert api.handle(Request("GET", linked.decode())).status in (200, 400)


PROGRAM = """
from opsrange.telemetry import Telemetry, default_rules
from opsrange.wire import Request
from opsrange.world import Kernel
kernel = Kernel("seed", 1_700_000_100_000)
telemetry = Telemetry(kernel, default_rules())
telemetry.start()
def step():
    for name in ("cart", "checkout", "email", "ad"):
        for status in ("ERROR", "OK"):
            labels = {"service_name": name, "span_kind": "SPAN_KIND_SERVER", "status_code": "STATUS_CODE_" + status}
            telemetry.metrics.count("traces_span_metrics_calls_total", labels, 3)
kernel.every(5_000, step)
kernel.advance_to(kernel.now_ms + 600_000)
print(kernel.journal.digest)
for path, query in (("query", "sum without (status_code) (rate({__name__=~'.+total'}[1m])) or ALERTS"), ("rules", ""),
                    ("series", ""), ("labels", ""), ("metadata", "")):
    request = Request("GET", "/api/v1/" + path, {"query": [query], "match[]": ["{job=''}"]})
    print(telemetry.prometheus.handle(request).body)
print(telemetry.alertmanager.handle(Request("GET", "/api/v2/alerts")).body)
"""


def test_another_hash_seed_gives_the_same_bytes() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert b"RequestErrorRate" in outputs[0]
