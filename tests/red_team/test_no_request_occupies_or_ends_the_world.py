"""Goal: a failing agent cannot make its attempt void. Method: requests that hang, exhaust or crash a careless world.

Each of them once did: the answer took for ever, needed more memory than there is, or ended the process.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from opsrange.scenarios.instance import Instance, build
from opsrange.types import MINUTE_MS
from opsrange.wire import Request, Response
from opsrange.world import branch


@pytest.fixture(scope="module")
def instance() -> Instance:
    return build("flag-switched", 3)


def _ask(
    instance: Instance,
    address: str,
    path: str,
    method: str = "GET",
    body: bytes = b"",
    media: str = "application/json",
) -> Response:
    target = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(target.query, keep_blank_values=True)
    answer = instance.handlers[address].handle(
        Request(method, target.path, query, {"content-type": media}, body)
    )
    assert isinstance(answer, Response)
    return answer


def _prometheus(instance: Instance, query: str) -> dict[str, Any]:
    answer = _ask(
        instance, "prometheus:9090", f"/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    )
    document: dict[str, Any] = json.loads(answer.body)
    return document


@pytest.mark.parametrize(
    "query",
    [
        '{__name__=~"(_?[a-z]+_?)+X"}',
        'label_replace(up,"x","$1","job","(.*)*(.*)*(.*)*(.*)*Z")',
    ],
)
def test_an_expression_is_matched_in_linear_time(instance: Instance, query: str) -> None:
    assert _prometheus(instance, query)["status"] == "success"


@pytest.mark.parametrize(
    "query",
    [
        "max_over_time(max_over_time(max_over_time(up[1h:1s])[1h:1s])[1h:1s])",
        'max_over_time(sum({__name__=~".+"})[1000d:1s])',
        "max_over_time(vector(1)[1000d:1ms])",
        "label_replace(" * 60 + 'vector(1),"a","xx","","")' + ',"a","$1$1$1","a","(.*)")' * 59,
    ],
)
def test_a_query_that_costs_too_much_is_refused(instance: Instance, query: str) -> None:
    assert "too many samples" in _prometheus(instance, query)["error"]


@pytest.mark.parametrize(
    "query",
    ["up @ -1e15", "up @ 1e18", "1" + " " * 1_000_000 + "!", "up{" + 'a="b",' * 100_000 + "}"],
)
def test_what_the_parser_cannot_take_is_bad_data(instance: Instance, query: str) -> None:
    assert _prometheus(instance, query)["errorType"] == "bad_data"


def test_numbers_too_large_to_be_summed_are_infinite(instance: Instance) -> None:
    data = _prometheus(instance, "sum_over_time(vector(1e308)[1h:1m])")["data"]
    assert data["result"][0]["value"][1] == "+Inf"


def test_a_selector_of_blanks_is_refused_at_once(instance: Instance) -> None:
    blanks = " " * 200_000
    path = f"/api/v1/pods?{urllib.parse.urlencode({'fieldSelector': blanks})}"
    assert _ask(instance, "kubernetes:6443", path).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 400),
        (b"- a: [1,2]\n" * 270_000, 413),
        (b"[" * 100_000, 400),
    ],
)
def test_yaml_is_not_expanded(instance: Instance, body: bytes, status: int) -> None:
    path = f"/api/v1/namespaces/{instance.estate.namespace}/configmaps"
    answer = _ask(instance, "kubernetes:6443", path, "POST", body, "application/yaml")
    assert answer.status == status


def test_a_silence_beyond_the_calendar_is_refused(instance: Instance) -> None:
    silence = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": "2026-05-11T17:00:00Z",
        "endsAt": "9999-12-31T23:59:59-23:59",
        "createdBy": "me",
        "comment": "for ever",
    }
    body = json.dumps(silence).encode()
    assert _ask(instance, "alertmanager:9093", "/api/v2/silences", "POST", body).status == 400


def test_a_flag_file_nested_too_deeply_is_no_flag_file(instance: Instance) -> None:
    def spoil() -> int:
        path = f"/api/v1/namespaces/{instance.estate.namespace}/configmaps/flagd-config"
        found = json.loads(_ask(instance, "kubernetes:6443", path).body)
        patch = json.dumps({"data": dict.fromkeys(found["data"], "[" * 5_000)}).encode()
        answer = _ask(
            instance, "kubernetes:6443", path, "PATCH", patch, "application/merge-patch+json"
        )
        instance.estate.advance(5 * MINUTE_MS)
        return answer.status

    assert branch(spoil) == 200


def test_none_of_it_was_a_defect(instance: Instance) -> None:
    assert instance.estate.defects == []
