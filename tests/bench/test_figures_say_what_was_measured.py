import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from opsrange.bench.estate import estate_figures
from opsrange.bench.figure import Figure, figure
from opsrange.cli.main import cli


def test_a_figure_is_the_median_with_its_tail_and_its_count() -> None:
    found = figure([5.0, 1.0, 2.0, 3.0, 100.0], "ms")
    assert (found.value, found.p50, found.p95, found.n) == (3.0, 3.0, 100.0, 5)
    assert found.budget is None
    assert found.within is None


@pytest.mark.parametrize(("more_is_better", "within"), [(False, False), (True, True)])
def test_a_budget_is_kept_on_the_right_side(more_is_better: bool, within: bool) -> None:
    assert figure([11.0], "ms", 10.0, more_is_better=more_is_better).within is within


def test_one_sample_is_enough() -> None:
    assert figure([2.0], "s").p95 == 2.0


def test_the_models_figures_have_names_and_units() -> None:
    found = dict(estate_figures(quick=True))
    assert {name: each.unit for name, each in found.items()} == {
        "virtual_hour_cpu": "s",
        "virtual_hour_wall": "s",
        "instance_preparation": "s",
        "conclude": "s",
        "api_list_pods_table": "ms",
        "promql_instant": "ms",
    }
    assert all(each.n and each.value > 0 for each in found.values())


@pytest.mark.seat
@pytest.mark.timeout(300)  # every figure once, on whatever else the machine does
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Inspect leaves streams unclosed
def test_quick_mode_writes_every_figure_in_the_documented_shape(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    result = CliRunner().invoke(cli, ["bench", "--quick", "--json", "--out", str(out)])
    assert result.exit_code == 0, result.output
    document = json.loads(out.read_text())
    assert {
        "world_start",
        "fork",
        "sandbox_overhead",
        "kubectl_get_pods",
        "scripted_attempts",
    } <= set(document)
    for found in document.values():
        assert {"value", "unit", "n", "p50", "p95"} <= set(found)
        Figure.model_validate(found)
