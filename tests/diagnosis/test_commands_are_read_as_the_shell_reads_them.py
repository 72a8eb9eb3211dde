"""The shell's grammar and kubectl's, as far as a diagnosis needs them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.diagnosis.commands.kubectl import parse_kubectl, typo_of, verbs
from opsrange.diagnosis.commands.mistakes import Kind, classify
from opsrange.shell import parse


def tools(text: str) -> list[list[str]]:
    return [[member.tool for member in pipeline.members] for pipeline in parse(text).pipelines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'x | y' | b && c; d", [["a", "b"], ["c"], ["d"]]),
        ("A=1 timeout 5 kubectl get po", [["kubectl"]]),
        ("for x in 1 2; do kubectl get $x; done", [["kubectl"]]),
        ("cat > a.py <<'E'\nimport os | nothing\nE\npython3 a.py", [["cat"], ["python3"]]),
        ("echo $(kubectl get pods | head) # a | b", [["echo"]]),
        ('curl "http://a?b=1&c=2" 2>&1 | jq .', [["curl", "jq"]]),
        ("if true; then a; else b; fi", [["true"], ["a"], ["b"]]),
    ],
)
def test_pipelines(text: str, expected: list[list[str]]) -> None:
    assert tools(text) == expected


def test_substitutions_and_here_documents_are_kept() -> None:
    script = parse("kubectl delete pod $(kubectl get pods -o name | head -1)")
    assert [member.tool for member in script.simples()] == ["kubectl", "kubectl", "head"]
    (pipeline,) = parse("kubectl apply -f - <<EOF\nkind: X\nEOF").pipelines
    assert pipeline.members[0].heredoc == "kind: X\n"
    assert parse("echo 'open").error


@given(st.text(alphabet="ab '\"\\|&;<>$()`{}\n#=-", max_size=60))
def test_any_text_is_read_to_its_end(text: str) -> None:
    parse(text)


@given(st.lists(st.text(alphabet="ab/=-n,.", max_size=8), max_size=8))
def test_any_words_make_an_invocation(words: list[str]) -> None:
    parse_kubectl(words)


@pytest.mark.parametrize(
    ("text", "verb", "targets", "changes"),
    [
        ("-n shop rollout undo deployment/ad", "rollout undo", ("Deployment/ad",), True),
        ("get deploy,svc -A -o json", "get", (), False),
        ("logs deploy/ad -c x --tail=3", "logs", ("Deployment/ad",), False),
        ("set env deployment/ad --list", "set env", ("Deployment/ad",), False),
        ("scale deploy ad --replicas 3 --dry-run=server", "scale", ("Deployment/ad",), False),
        ("delete pod a b --force", "delete", ("Pod/a", "Pod/b"), True),
        ("drain node-1", "drain", ("Node/node-1",), True),
    ],
)
def test_invocations(text: str, verb: str, targets: tuple[str, ...], changes: bool) -> None:
    call = parse_kubectl(text.split())
    assert (call.verb, call.targets, call.asks_for_change) == (verb, targets, changes)


def test_a_typing_error_resembles_something() -> None:
    assert typo_of("gett", verbs()) == "get"
    assert typo_of("force-sync", ["filename", "force", "selector"]) == ""


@pytest.mark.parametrize(
    ("line", "kind", "word"),
    [
        ('Error from server (NotFound): pods "a-1" not found', Kind.NOT_FOUND, "a-1"),
        ("error: unknown flag: --force-sync", Kind.USAGE, "--force-sync"),
        ('Error from server (Forbidden): pods is forbidden: User "x" cannot list', Kind.DENIED, ""),
        ("The connection to the server was refused", Kind.NETWORK, ""),
        ("bash: line 1: foo: command not found", Kind.NO_TOOL, "foo"),
        ("Operation cannot be fulfilled: the object has been modified", Kind.CONFLICT, ""),
        ("forbidden: exceeded quota: compute", Kind.QUOTA, ""),
    ],
)
def test_errors_have_a_kind(line: str, kind: Kind, word: str) -> None:
    found = classify(line)
    assert found is not None
    assert (found.kind, found.word) == (kind, word)


def test_what_is_well_is_no_error() -> None:
    assert classify("deployment.apps/cart rolled out") is None
