"""Attempts that do not count are said with their owner and reason, and a run without a score is no success."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.cli.suite import present
from opsrange.errors import Owner
from opsrange.reports.results import AttemptResult, Results, results_of


def _results(*reasons: str) -> Results:
    rows = [
        AttemptResult(
            scenario="scaled-to-zero",
            seed=seed,
            task="opsrange/sre_repair",
            void_owner=Owner.MODEL,
            void_reason=reason,
        )
        for seed, reason in enumerate(reasons)
    ]
    return results_of({"openai/own": rows}, "0", {})


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_in_which_nothing_counts_is_no_success(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert present(_results("bad key"), tmp_path, as_json=as_json) == 1
    assert capsys.readouterr().out


def test_each_reason_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    present(_results("bad key", "gone\naway", "bad key"), tmp_path, as_json=False)
    lines = [x for x in capsys.readouterr().out.splitlines() if x.startswith("void ")]
    assert lines == [
        "void     openai/own: 2 by model: bad key",
        "void     openai/own: 1 by model: gone away",
    ]


def test_an_agent_s_own_error_counts_and_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = AttemptResult(scenario="scaled-to-zero", seed=1, agent_failure="KeyError: 'boom'")
    present(results_of({"agent.py:agent": [row, row]}, "0", {}), tmp_path, as_json=False)
    assert (
        "failed   agent.py:agent: 2 by its own error: KeyError: 'boom'" in capsys.readouterr().out
    )


@pytest.mark.parametrize("stored", [True, False])
def test_many_reasons_are_counted(
    stored: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = _results(*(f"reason {number}" for number in range(8)))
    present(results, tmp_path if stored else None, as_json=False)
    where = " in results.json" if stored else "; --out stores them all"
    assert f"void     3 more reasons{where}\n" in capsys.readouterr().out
