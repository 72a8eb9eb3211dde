"""A model behind an OpenAI-compatible endpoint is paged, works, reports and is scored, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from opsrange.agents.prompts import REPAIR
from opsrange.errors import OperatorError, Owner
from opsrange.tasks.dataset import instances
from opsrange.tasks.logbook import result_of
from opsrange.tasks.scorers import diagnosis, repair
from opsrange.tasks.sre import Rules, build
from opsrange.tasks.suite import Suite, prepare
from opsrange.testing.model_server import Call, ModelServer, Reply, in_turn
from opsrange.testing.toy_seat import CAUSE, NAME
from opsrange.testing.toy_seat import REPAIR as COMMAND
from opsrange.types import Json

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest

GOOD: Json = {"root_causes": [{"entity": CAUSE, "mechanism": "a bad release"}], "healthy": True}
LOOK = Reply("Let me look.", [Call("bash", {"command": "kubectl get pods -n shop"})])
FIX = Reply("", [Call("bash", {"command": COMMAND})])


def run(
    tmp_path: Path, replies: Sequence[Reply], turns: int = 12, seeds: int = 1
) -> tuple[EvalLog, list[Json]]:
    with ModelServer(in_turn(replies)) as server:
        model = get_model(
            "openai-api/local/scripted", base_url=server.base_url, api_key="none", memoize=False
        )
        dataset = instances(["toy"], range(1, seeds + 1), lambda scenario, seed: NAME)
        task = build(
            dataset,
            Rules(turns=turns, think_time_s=0),
            instructions=REPAIR,
            scorers=[repair(), diagnosis()],
        )
        [log] = inspect_eval(
            task, model=model, log_dir=str(tmp_path), display="none", max_retries=1
        )
        return log, server.requests


def scores(log: EvalLog) -> list[tuple[float, float]]:
    assert log.samples
    found = []
    for sample in log.samples:
        assert sample.error is None, sample.error
        assert sample.scores
        found.append(
            (
                float(str(sample.scores["repair"].value)),
                float(str(sample.scores["diagnosis"].value)),
            )
        )
    return found


def test_a_model_that_looks_fixes_and_reports(tmp_path: Path) -> None:
    log, requests = run(tmp_path, [LOOK, FIX, Reply("", [Call("report", GOOD)])])
    assert scores(log) == [(1, 1)]
    assert {tool["function"]["name"] for tool in requests[0]["tools"]} == {"bash", "report"}
    assert "CartDown" in json.dumps(requests[0]["messages"])
    assert "CrashLoopBackOff" in json.dumps(requests[1]["messages"][-1])
    assert log.stats.model_usage["openai-api/local/scripted"].input_tokens == 300


def test_malformed_reports_go_back_to_the_model(tmp_path: Path) -> None:
    bad = [
        Reply("", [Call("report", {"root_causes": "cart"})]),
        Reply("", [Call("report", "{not json")]),
        Reply("", [Call("report", {"root_causes": [{"mechanism": "no entity"}]})]),
        Reply("", [Call("report", {**GOOD, "confidence": 7})]),
    ]
    log, requests = run(tmp_path, [FIX, *bad, Reply("", [Call("report", GOOD)])])
    assert scores(log) == [(1, 1)]
    assert len(requests) == 6
    assert "between 0 and 1" in json.dumps(requests[-1]["messages"][-1])


def test_invented_tools_and_plain_text_do_not_end_an_attempt(tmp_path: Path) -> None:
    replies = [
        Reply("", [Call("restart_everything", {})]),
        Reply("", [Call("submit", {"answer": "cart"})]),
        Reply("I think it is the cart."),
        FIX,
        Reply("", [Call("report", GOOD)]),
    ]
    log, _ = run(tmp_path, replies)
    assert scores(log) == [(1, 1)]


def test_a_model_that_never_reports_keeps_its_repair(tmp_path: Path) -> None:
    log, requests = run(tmp_path, [FIX, Reply("Done.")], turns=4)
    assert scores(log) == [(1, 0)]
    assert len(requests) == 5  # Inspect asks once more before it enforces the limit


def test_a_failing_provider_is_no_zero(tmp_path: Path) -> None:
    log, _ = run(tmp_path, [LOOK, Reply("bad request", status=400)])
    assert log.samples
    assert log.samples[0].error is not None
    assert not log.samples[0].scores
    row = result_of(log, log.samples[0])
    assert row.void_owner is Owner.MODEL
    assert "bad request" in row.void_reason


def test_many_at_once_do_not_mix(tmp_path: Path) -> None:
    log, _ = run(tmp_path, [LOOK, FIX, Reply("", [Call("report", GOOD)])], seeds=8)
    assert scores(log) == [(1, 1)] * 8


def test_a_model_is_asked_for_a_word_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with ModelServer(in_turn([Reply("ready")])) as server:
        suite = Suite(models=["openai/own"], folder=tmp_path, model_base_url=server.base_url)
        prepare(suite)
        assert [request["model"] for request in server.requests] == ["own"]
        (tmp_path / "an-earlier-run.eval").touch()
        prepare(suite)
        assert len(server.requests) == 1, "a run that goes on has asked before"


def test_a_model_that_does_not_answer_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with ModelServer(in_turn([Reply("wrong key", status=401)])) as server:
        suite = Suite(models=["openai/own"], folder=tmp_path, model_base_url=server.base_url)
        with pytest.raises(OperatorError, match=r"at http://127.* for a first word.*wrong key"):
            prepare(suite)
    assert list(tmp_path.iterdir()) == []
