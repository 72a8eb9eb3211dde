from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kube_api.cluster import Cluster

from opsrange.kube.selectors import LabelSelector, parse_fields
from opsrange.kube.status_errors import ApiError
from opsrange.types import Json

LABELS = {"app": "web", "tier": "front", "rank": "7", "empty": ""}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, api)", True),
        ("app notin (web,api)", False),
        ("other notin (web)", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("empty=", True),
        ("empty=,app=web", True),
        ("rank>6", True),
        ("rank<7", False),
        ("  app  =  web  ", True),
        ("notin in (a)", False),
    ],
)
def test_labels(text: str, chosen: bool) -> None:
    assert LabelSelector.parse(text).matches(LABELS) is chosen


@pytest.mark.parametrize(
    "text", ["=a", "a=b=c", "a in b", "a in (b", "a,,b", "a b", "(", "a>x", "a=-", "!"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="unable to parse requirement") as caught:
        LabelSelector.parse(text)
    assert caught.value.code == 400


@given(st.text(alphabet="ab=!,() <>inot", max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    code = 200
    try:
        LabelSelector.parse(text).matches(LABELS)
    except ApiError as error:
        code = error.code
    assert code in (200, 400)


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3),
)
def test_a_mapping_selects_its_supersets(wanted: dict[str, str], labels: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in wanted.items())
    chosen = wanted.items() <= labels.items()
    assert LabelSelector.parse(text).matches(labels) is chosen
    assert LabelSelector.of({"matchLabels": wanted}).matches(labels) is chosen


def pod(phase: str) -> Json:
    return {"metadata": {"name": "p", "namespace": "shop"}, "spec": {}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("metadata.name=p", True),
        ("metadata.name=p,status.phase=Running", True),
        ("status.phase!=Running", False),
        ("metadata.namespace==other", False),
        (r"spec.nodeName=a\,b", False),
    ],
)
def test_fields(text: str, chosen: bool) -> None:
    assert parse_fields(text, Cluster.kind("pods"))(pod("Running")) is chosen


def test_an_unknown_field_is_refused_in_the_servers_words() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.color"):
        parse_fields("spec.color=red", Cluster.kind("pods"))
