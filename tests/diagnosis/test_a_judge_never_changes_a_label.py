"""An optional model explains; its claims must quote what was shown, and its agreement with the rules is only counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.diagnosis.attempts import SHOWS, VICTIM, attempt, looks, report

from opsrange.cli.main import cli
from opsrange.diagnosis.claims import kappa, opinion_of, question
from opsrange.errors import ModelError, OperatorError
from opsrange.tasks.diagnosing.diagnoses import diagnosed
from opsrange.tasks.diagnosing.judge import judged
from opsrange.testing.model_server import ModelServer, Reply

OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")
CASE = attempt(looks(), said=report(VICTIM))


def answer(quote: str, code: str = "V1") -> str:
    claims = [{"text": "it saw the limit", "step": 0, "quote": quote}]
    return json.dumps({"summary": "It stopped.", "failure_class": code, "claims": claims})


def test_a_claim_needs_words_that_the_step_showed() -> None:
    opinion = opinion_of(f"Sure:\n```json\n{answer(SHOWS[:20])}\n```", CASE)
    assert opinion.guess == "V1"
    assert [claim.accepted for claim in opinion.claims] == [True]
    assert not opinion_of(answer("words of its own"), CASE).claims[0].accepted


def test_a_few_characters_are_no_quote() -> None:
    assert "12 characters" in question(CASE)
    for quote in (SHOWS[0], SHOWS[:11]):
        assert not opinion_of(answer(quote), CASE).claims[0].accepted
    assert opinion_of(answer(SHOWS[:12]), CASE).claims[0].accepted


@pytest.mark.parametrize("text", ["", "I think it was V1.", "{", answer("x", "Z9")])
def test_an_answer_that_cannot_be_used_is_no_guess(text: str) -> None:
    opinion = opinion_of(text, CASE)
    assert opinion.guess == ""
    assert opinion.problem


def test_the_question_holds_the_record_and_not_the_answer() -> None:
    asked = question(CASE)
    assert SHOWS in asked
    assert "downstream" not in asked
    assert "memory-limit-low" not in asked


def test_kappa() -> None:
    assert kappa([]) is None
    assert kappa([("a", "a"), ("b", "b")]) == 1.0
    assert kappa([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]) == 0.0
    assert kappa([("a", "a")]) is None


@pytest.fixture
def transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    path = tmp_path / "x"
    failed = "Error from server (Forbidden): x is forbidden"
    call = {
        "id": "1",
        "function": {"name": "bash", "arguments": '{"command": "kubectl delete pod x"}'},
    }
    messages = [{"role": "user", "content": "x is down"}]
    for _ in range(3):
        messages.append({"role": "assistant", "tool_calls": [call]})  # type: ignore[dict-item]
        messages.append({"role": "tool", "tool_call_id": "1", "content": failed})
    path.write_text(json.dumps(messages))
    return path


def test_the_judge_is_asked_over_its_provider_and_the_label_stays(transcript: Path) -> None:
    found = diagnosed(transcript)
    before = [each.diagnosis.model_dump() for each in found]
    with ModelServer(lambda messages: Reply(answer("is forbidden"))) as server:
        said = judged(found, "openai-api/local/scripted", server.base_url)
    assert said.opinions[0].guess == "V1"
    assert said.opinions[0].claims[0].accepted
    assert said.compared == 1
    assert [each.diagnosis.model_dump() for each in found] == before
    assert found[0].diagnosis.primary == "E3"


def test_a_failing_judge_is_the_providers_failure(transcript: Path) -> None:
    with ModelServer(lambda messages: Reply("no such model", status=400)) as server:
        found = diagnosed(transcript)
        with pytest.raises(ModelError, match="judge failed"):
            judged(found, "openai-api/local/scripted", server.base_url)
    with pytest.raises(OperatorError, match="asked for the judge"):
        judged(found, "nowhere/model")


def _asked_for(transcript: Path, server: ModelServer, *more: str) -> str:
    options = ["--judge", "openai-api/local/scripted", "--model-base-url", server.base_url, *more]
    shown = CliRunner().invoke(cli, ["diagnose", str(transcript), *options])
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_the_command_line_prints_the_opinion_and_the_agreement(transcript: Path) -> None:
    with ModelServer(lambda messages: Reply(answer("is forbidden"))) as server:
        said = _asked_for(transcript, server)
        [row] = json.loads(_asked_for(transcript, server, "--json"))
    assert "judge on" in said
    assert "agreement of judge and rules: kappa 0.00, n 1" in said
    assert row["primary"] == "E3"
    assert row["judge"]["guess"] == "V1"
    with ModelServer(lambda messages: Reply(answer("words of its own"))) as server:
        assert "[rejected" in _asked_for(transcript, server)


def test_a_failing_judge_ends_in_one_line(transcript: Path) -> None:
    with ModelServer(lambda messages: Reply("no such model", status=400)) as server:
        options = ["--judge", "openai-api/local/scripted", "--model-base-url", server.base_url]
        shown = subprocess.run(
            [*OPSRANGE, "diagnose", str(transcript), *options],
            capture_output=True,
            text=True,
            check=False,
        )
    assert shown.returncode == 3
    assert "judge failed" in shown.stderr
    assert "owner: model" in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1
