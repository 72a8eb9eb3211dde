from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kube_api.cluster import Cluster

from opsrange.kube.api.patches import json_patch, merge_patch, strategic_merge
from opsrange.kube.schema import PatchStrategy, patch_strategy
from opsrange.kube.status_errors import ApiError
from opsrange.types import Json

NAMES = st.sampled_from(["a", "b", "c", "d/e", "f~g"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xyz", max_size=2)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, DOCUMENTS, max_size=4)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def merge_difference(old: Any, new: Any) -> Any:
    """The merge patch that leads from one document to another (which has no null members)."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: Json = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        if key not in old or old[key] != value:
            patch[key] = merge_difference(old.get(key), value)
    return patch


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_is_idempotent_and_changes_nothing_given(old: Json, patch: Json) -> None:
    given_old, given_patch = copy.deepcopy(old), copy.deepcopy(patch)
    once = merge_patch(old, patch)
    assert merge_patch(once, patch) == once
    assert (old, patch) == (given_old, given_patch)


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_can_reach_any_document_without_nulls(old: Json, new: Json) -> None:
    goal = without_nulls(new)
    assert merge_patch(without_nulls(old), merge_difference(without_nulls(old), goal)) == goal


@given(OBJECTS)
def test_an_empty_patch_of_any_language_is_the_identity(document: Json) -> None:
    assert merge_patch(document, {}) == document
    assert json_patch(document, []) == document
    assert strategic_merge(document, {}, lambda _: PatchStrategy(None, ())) == document


@given(OBJECTS, OBJECTS)
def test_without_lists_to_merge_strategic_is_merge(old: Json, patch: Json) -> None:
    plain_old, plain_patch = without_nulls(old), without_nulls(patch)
    assert strategic_merge(plain_old, plain_patch, lambda _: PatchStrategy(None, ())) == merge_patch(plain_old, plain_patch)  # fmt: skip


def pointer(*tokens: str) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


@given(OBJECTS, NAMES, DOCUMENTS)
def test_add_then_test_then_remove(document: Json, name: str, value: Any) -> None:
    path = pointer(name)
    added = json_patch(
        document,
        [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}],
    )
    assert added[name] == value
    removed = json_patch(added, [{"op": "remove", "path": path}])
    assert removed == {key: item for key, item in document.items() if key != name}


@given(OBJECTS, st.lists(st.fixed_dictionaries({"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"])}, optional={"path": st.sampled_from(["", "/a", "/a/0", "/b/-", "/c/a", "a", "/d~1e"]), "from": st.sampled_from(["/a", "/b", ""]), "value": DOCUMENTS}), max_size=4))  # fmt: skip
def test_any_json_patch_applies_whole_or_not_at_all(document: Json, patch: list[Json]) -> None:
    before = copy.deepcopy(document)
    code = 200
    try:
        json_patch(document, patch)
    except ApiError as error:
        code = error.code
    assert code in (200, 400, 422)
    assert document == before


def test_json_patch_tells_true_from_one() -> None:
    with pytest.raises(ApiError):
        json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": True}])


def strategic(document: Json, patch: Json) -> Json:
    kind = Cluster.kind("deployments", "apps")
    return strategic_merge(document, patch, lambda path: patch_strategy(kind, path))


def deployment(*containers: Json, **pod: Any) -> Json:
    return {"spec": {"template": {"spec": {"containers": list(containers), **pod}}}}


def containers(document: Json) -> list[Json]:
    found: list[Json] = document["spec"]["template"]["spec"]["containers"]
    return found


def test_containers_merge_by_name() -> None:
    old = deployment(
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}
    )
    new = strategic(
        old, deployment({"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]})
    )
    assert containers(new) == [
        {
            "name": "a",
            "image": "a:2",
            "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}],
        },
        {"name": "b"},
    ]


def test_an_element_is_deleted_by_directive() -> None:
    new = strategic(
        deployment({"name": "a"}, {"name": "b"}), deployment({"name": "a", "$patch": "delete"})
    )
    assert containers(new) == [{"name": "b"}]


def test_a_list_is_replaced_by_directive() -> None:
    new = strategic(
        deployment({"name": "a"}, {"name": "b"}), deployment({"$patch": "replace"}, {"name": "c"})
    )
    assert containers(new) == [{"name": "c"}]


def test_lists_take_the_order_asked_for() -> None:
    old = deployment({"name": "a"}, {"name": "server-side"}, {"name": "b"})
    patch = deployment({"name": "new", "image": "n"})
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = [
        {"name": "b"}, {"name": "new"}, {"name": "a"},
    ]  # fmt: skip
    names = [one["name"] for one in containers(strategic(old, patch))]
    assert [name for name in names if name != "server-side"] == ["b", "new", "a"]
    assert "server-side" in names


def test_lists_without_a_merge_key_are_replaced() -> None:
    new = strategic(
        deployment({"name": "a", "args": ["x", "y"]}), deployment({"name": "a", "args": ["z"]})
    )
    assert containers(new)[0]["args"] == ["z"]


def test_retained_keys_drop_the_others() -> None:
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(old, patch) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_plain_values_are_dropped_by_directive() -> None:
    kind = Cluster.kind("pods")
    old = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"]}}
    new = strategic_merge(old, patch, lambda path: patch_strategy(kind, path))
    assert new["metadata"]["finalizers"] == ["a", "c", "d"]


def test_null_removes_and_a_missing_merge_key_is_refused() -> None:
    assert strategic({"spec": {"paused": True}}, {"spec": {"paused": None}}) == {"spec": {}}
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        strategic(deployment({"name": "a"}), deployment({"image": "x"}))


NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd"), "image": st.sampled_from("xyz")}),
    max_size=4,
    unique_by=lambda item: item["name"],
)


@given(NAMED, NAMED)
def test_merging_named_lists_is_idempotent_and_keeps_names_unique(
    old: list[Json], patch: list[Json]
) -> None:
    once = strategic(deployment(*old), deployment(*patch))
    assert strategic(once, deployment(*patch)) == once
    names = [one["name"] for one in containers(once)]
    assert len(names) == len(set(names))
    assert set(names) == {one["name"] for one in (*old, *patch)}
