"""The repository polices itself: size budgets, banned calls with their replacements, leftovers."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "opsrange"
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6
FILES_PER_PACKAGE_MAX = 12
PATCH_LINES_PER_100_TESTS_MAX = 5
FOREIGN_SIGNATURES = {"exec": 8, "execute": 7, "sre_diagnosis": 14, "sre_repair": 14}
"""Parameters that are not ours to choose: Inspect's ``SandboxEnvironment.exec``; forms that are filled in by name, a tool's by
a model and a task's by ``-T``."""
REGISTRIES = {
    SOURCE / "cli",
    SOURCE / "kube" / "kinds",
    SOURCE / "faults" / "catalogue",
    SOURCE / "rules" / "catalogue",
    SOURCE / "diagnosis" / "classes",
    SOURCE / "planted" / "mutators",
    SOURCE / "planted" / "controls",
}
"""Directories that are registries: one file per entry, without bound."""

MODEL_ROOMS = (
    "world",
    "kube",
    "apps",
    "telemetry",
    "estates",
    "faults",
    "rules",
    "corpus",
    "scenarios",
    "scoring",
)
BANNED_IN_MODEL = {
    r"\btime\.(time|sleep|monotonic|perf_counter)\(": "kernel.now_ms, kernel.after",
    r"\bdatetime\.(now|utcnow|today)\(": "kernel.now_ms",
    r"\brandom\.(random|choice|randint|shuffle|uniform|gauss|sample)\(": "kernel.streams.stream(name)",
    r"\buuid\.uuid[14]\(": "a uid drawn from kernel.streams",
    r"\bos\.environ\b": "an argument; the environment is read in cli alone",
}
LEFTOVERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
MACHINE_PATHS = re.compile(r"/work/|/tmp/(?:brief|issues)|\.library")

MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES + TESTS, ids=_name)
def test_modules_stay_small(path: Path) -> None:
    lines = sum(1 for line in path.read_text().splitlines() if line.strip())
    assert lines <= MODULE_LINES_MAX, f"{lines} lines; split it by noun"


@pytest.mark.parametrize("path", MODULES + TESTS, ids=_name)
def test_functions_stay_small(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            count = len([item for item in named if item.arg not in {"self", "cls"}])
            budget = FOREIGN_SIGNATURES.get(node.name, PARAMETERS_MAX)
            assert path in TESTS or count <= budget, f"{node.name} has {count} parameters"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_model_reads_no_clock_and_no_global_chance(path: Path) -> None:
    if path.relative_to(SOURCE).parts[0] not in MODEL_ROOMS:
        return
    text = path.read_text()
    for pattern, replacement in BANNED_IN_MODEL.items():
        found = re.search(pattern, text)
        assert not found, f"{found and found.group()} is banned here; use {replacement}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_the_command_line_prints(path: Path) -> None:
    if path.relative_to(SOURCE).parts[0] == "cli":
        return
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    assert not [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]


def test_packages_stay_small() -> None:
    for package in sorted({path.parent for path in MODULES} - REGISTRIES):
        files = [path for path in package.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= FILES_PER_PACKAGE_MAX, (
            f"{_name(package)} has {len(files)} modules; split it"
        )


def test_names_say_what_things_are() -> None:
    vague = {"util", "utils", "helper", "helpers", "manager", "misc", "common"}
    assert not [path for path in MODULES if vague & set(path.stem.split("_"))]


def test_nothing_is_left_undone() -> None:
    for path in MODULES + TESTS:
        found = LEFTOVERS.search(path.read_text())
        assert not found, f"{_name(path)}: {found and found.group()}"


def test_tests_use_real_objects() -> None:
    texts = [path.read_text() for path in TESTS if path != Path(__file__)]
    patches = sum(
        len(re.findall(r"monkeypatch|mock\.patch|MagicMock|AsyncMock|mocker\.", text))
        for text in texts
    )
    tests = sum(len(re.findall(r"^(?:async )?def test_", text, re.MULTILINE)) for text in texts)
    assert patches * 100 <= PATCH_LINES_PER_100_TESTS_MAX * tests


def test_no_path_of_a_developers_machine_is_committed() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in tracked.stdout.split():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".sh"}
            and path != Path(__file__)
            and path.exists()
        ):
            assert not MACHINE_PATHS.search(path.read_text()), name


def test_every_package_says_what_belongs() -> None:
    for init in SOURCE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(init.read_text())), f"{_name(init)} has no docstring"


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    for line in block.splitlines():
        if line.strip().startswith('"') and not line.strip().startswith('"D'):
            assert "#" in line, f"no reason: {line.strip()}"
