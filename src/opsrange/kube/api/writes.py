"""Writing over HTTP: bodies, create, replace, patch, delete, scale, evict.

Belongs here: what requests say and how they are answered. Does not: the checks themselves (``registry``).
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from opsrange.kube.api import protobuf
from opsrange.kube.api.patches import json_patch, merge_patch, strategic_merge
from opsrange.kube.api.reads import Reader
from opsrange.kube.api.registry import Manner, Registry, unknown_fields
from opsrange.kube.api.routes import Kinds, Route
from opsrange.kube.kind import Kind
from opsrange.kube.schema import PatchStrategy, go_word, patch_strategy, schema_errors
from opsrange.kube.selectors import LabelSelector
from opsrange.kube.status_errors import ApiError, bad_request, unsupported_media
from opsrange.kube.store import Deletion
from opsrange.types import Json, rfc3339
from opsrange.wire import Request, Response

_PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_BODY_BYTES = 3 * 1024 * 1024
"""``--max-request-bytes`` of the API server."""
_MAX_YAML_BYTES = 128 * 1024
"""kubectl sends JSON; of YAML no more than is read in a second."""


def body_of(request: Request) -> Json:
    """A request's body as a JSON object; empty for an empty body.

    Raises:
        ApiError: 400, 413 or 415.
    """
    if len(request.body) > _MAX_BODY_BYTES:
        raise ApiError(413, "RequestEntityTooLarge", f"limit is {_MAX_BODY_BYTES}")
    if not request.body:
        return {}
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == protobuf.MEDIA_TYPE:
        return protobuf.decode(request.body)
    if media in ("", "application/json", "*/*"):
        document = parse_json(request.body)
    elif media == "application/yaml":
        document = _parse_yaml(request.body)
    else:
        raise unsupported_media(("application/json", "application/yaml", protobuf.MEDIA_TYPE))
    if not isinstance(document, dict):
        raise bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct"
        )
    return document


def _refuse_constant(text: str) -> None:
    raise ValueError(f"invalid character '{text[0]}' looking for beginning of value")


def parse_json(body: bytes) -> Any:
    """Strict JSON.

    Raises:
        ApiError: 400.
    """
    try:
        text = body.decode("utf-8")
        if _SURROGATE.search(text):  # Go reads half a character as U+FFFD; Python would keep it
            whole = json.dumps(json.loads(text), ensure_ascii=False)
            text = whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


class _Plain(yaml.SafeLoader):
    """Without aliases: ten lines of them stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As inherited, for everything else."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        return super().compose_node(parent, index)


def _parse_yaml(body: bytes) -> Any:
    if len(body) > _MAX_YAML_BYTES:
        raise ApiError(413, "RequestEntityTooLarge", f"limit is {_MAX_YAML_BYTES} for YAML")
    try:
        parsed = yaml.load(body, Loader=_Plain)  # noqa: S506 - a SafeLoader
        return json.loads(json.dumps(parsed, default=str))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError) as error:
        raise bad_request("error converting YAML to JSON: yaml: invalid document") from error


def manner_of(request: Request, subresource: str = "") -> Manner:
    """Dry run and field validation as the query asks.

    Raises:
        ApiError: 400.
    """
    dry_run = request.query.get("dryRun", [])
    if any(value not in ("", "All") for value in dry_run):
        raise bad_request(f'dryRun: Unsupported value: "{dry_run[0]}": supported values: "All"')
    validation = request.one("fieldValidation") or "Warn"
    if validation not in ("Strict", "Warn", "Ignore"):
        raise bad_request(
            f'fieldValidation: Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"'
        )
    return Manner("All" in dry_run, validation, subresource)


class Writer:
    """Answers writes through the registry.

    Args:
        registry: checks and stores.
        kinds: all that are served.
        reader: represents what was written.
    """

    def __init__(self, registry: Registry, kinds: Kinds, reader: Reader) -> None:
        self._registry = registry
        self._store = registry.store
        self._kinds = kinds
        self._reader = reader

    def create(self, kind: Kind, route: Route, request: Request) -> Response:
        """``POST`` to a collection."""
        manner = manner_of(request)
        document = _addressed(kind, route, body_of(request))
        made = self._registry.create(kind, document, manner)
        return self._answer(kind, made, request, (201, document))

    def replace(self, kind: Kind, route: Route, request: Request) -> Response:
        """``PUT`` of an object or its status."""
        manner = manner_of(request, route.subresource)
        document = _addressed(kind, route, body_of(request))
        old = self._store.get(kind, route.namespace, route.name)
        new = self._in_virtual_time(document, old)
        stored = self._registry.replace(kind, route.namespace, new, manner)
        return self._answer(kind, stored, request, (200, document))

    def patch(self, kind: Kind, route: Route, request: Request) -> Response:
        """``PATCH`` of an object or its status."""
        manner = manner_of(request, route.subresource)
        media, patch = _patch_of(request)
        old = self._store.get(kind, route.namespace, route.name)
        patched = _patched(kind, old, media, patch)
        if not isinstance(patched, dict) or not isinstance(patched.get("metadata", {}), dict):
            raise bad_request("the patch does not leave an object")
        for name in ("apiVersion", "kind"):
            if patched.get(name) != old[name]:
                raise bad_request(
                    f"the {name} in the data ({patched.get(name)}) does not match the expected {name} ({old[name]})"
                )
        document = _addressed(kind, route, self._in_virtual_time(patched, old))
        stored = self._registry.replace(kind, route.namespace, document, manner)
        return self._answer(kind, stored, request, (200, document))

    def _answer(
        self, kind: Kind, stored: Json, request: Request, about: tuple[int, Json]
    ) -> Response:
        """What was stored, with warnings about fields that were dropped."""
        status, written = about
        response = self._reader.answer(kind, stored, request, status)
        if manner_of(request).validation != "Warn":
            return response
        unknown = unknown_fields(schema_errors(kind, written).unknown_fields)
        if not unknown:
            return response
        said = ", ".join("299 - " + json.dumps(one) for one in unknown[:20])
        return Response(response.status, response.body, response.content_type, {"Warning": said})

    def _in_virtual_time(self, new: Json, old: Json) -> Json:
        """``kubectl rollout restart`` writes its own clock into the pod template: write the world's instead."""
        value = _restarted_at(new)
        before = _restarted_at(old)
        if value is None or value == before:
            return new
        instant_ms = self._store.kernel.now_ms
        while rfc3339(instant_ms) == before:
            instant_ms += 1_000
        template = new["spec"]["template"]
        metadata = template["metadata"]
        annotations = {**metadata["annotations"], _RESTARTED_AT: rfc3339(instant_ms)}
        template = {**template, "metadata": {**metadata, "annotations": annotations}}
        return {**new, "spec": {**new["spec"], "template": template}}

    # -- deletion --------------------------------------------------------------------------------

    def delete(self, kind: Kind, route: Route, request: Request) -> Response:
        """``DELETE`` of an object."""
        options = body_of(request)
        how = _deletion(options, request)
        dry_run = _dry_run(options, request)
        last = self._registry.delete(kind, route.namespace, route.name, how, dry_run=dry_run)
        if dry_run or self._store.find(kind, route.namespace, route.name) is None:
            details: Json = {"name": route.name}
            if kind.group:
                details["group"] = kind.group
            details |= {"kind": kind.plural, "uid": last["metadata"]["uid"]}
            return Response.json(
                {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "metadata": {},
                    "status": "Success",
                    "details": details,
                }
            )
        return self._reader.answer(kind, last, request)

    def delete_collection(self, kind: Kind, route: Route, request: Request) -> Response:
        """``DELETE`` of all that selectors choose."""
        options = body_of(request)
        how, dry_run = _deletion(options, request), _dry_run(options, request)
        chosen = self._reader.selected(kind, route, request)
        deleted: list[Json] = []
        for document in chosen:
            metadata = document["metadata"]
            namespace, name = metadata.get("namespace", ""), metadata["name"]
            if self._store.find(kind, namespace, name) is not None:
                deleted.append(self._registry.delete(kind, namespace, name, how, dry_run=dry_run))
        return self._reader.collection(kind, deleted, request)

    def evict(self, kind: Kind, route: Route, request: Request) -> Response:
        """``POST …/eviction``: delete a pod unless a disruption budget protects it."""
        eviction = body_of(request)
        options = eviction.get("deleteOptions") or {}
        if not isinstance(options, dict):
            raise bad_request("deleteOptions: expected an object")
        pod = self._store.get(kind, route.namespace, route.name)
        self._require_budget(pod)
        how, dry_run = _deletion(options, request), _dry_run(options, request)
        self._registry.delete(kind, route.namespace, route.name, how, dry_run=dry_run)
        return Response.json(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "code": 201,
            },
            201,
        )

    def _require_budget(self, pod: Json) -> None:
        budgets = self._kinds.get(("policy", "poddisruptionbudgets"))
        running = (pod.get("status") or {}).get("phase") == "Running"
        if budgets is None or not running or "deletionTimestamp" in pod["metadata"]:
            return
        for budget in self._store.list(budgets, pod["metadata"]["namespace"]):
            status = budget.get("status") or {}
            selector = (budget.get("spec") or {}).get("selector")
            if selector is None or status.get("disruptionsAllowed", 0) > 0:
                continue
            if LabelSelector.of(selector).matches(pod["metadata"].get("labels")):
                name = budget["metadata"]["name"]
                needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
                cause = {
                    "reason": "DisruptionBudget",
                    "message": f"The disruption budget {name} needs {needs} healthy pods and has {has} currently",
                }
                raise ApiError(
                    429,
                    "TooManyRequests",
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    {"causes": [cause]},
                )

    # -- scale -----------------------------------------------------------------------------------

    def scale(self, kind: Kind, route: Route, request: Request) -> Response:
        """``GET``, ``PUT`` or ``PATCH`` of ``…/scale``."""
        old = self._store.get(kind, route.namespace, route.name)
        before = _scale_of(old)
        if request.method == "GET":
            return Response.json(before)
        manner = manner_of(request)
        if request.method == "PUT":
            after: Any = body_of(request)
        else:
            media, patch = _patch_of(request)
            after = _patched(None, before, media, patch)
        spec = after.get("spec") if isinstance(after, dict) else None
        replicas = (spec or {}).get("replicas", 0) if isinstance(spec, dict | None) else None
        if isinstance(replicas, bool) or not isinstance(replicas, int):
            raise bad_request(
                'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field '
                "ScaleSpec.spec.replicas of type int32"
            )
        if not 0 <= replicas < 2**31:
            message = (
                f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
            )
            raise ApiError(
                422, "Invalid", f'Scale.autoscaling "{route.name}" is invalid: {message}'
            )
        metadata = dict(old["metadata"])
        given = after.get("metadata")
        version = given.get("resourceVersion") if isinstance(given, dict) else None
        metadata["resourceVersion"] = str(version) if version else None
        document = {**old, "metadata": metadata, "spec": {**old["spec"], "replicas": replicas}}
        stored = self._registry.replace(kind, route.namespace, document, manner)
        return Response.json(_scale_of(stored))


def _addressed(kind: Kind, route: Route, document: Json) -> Json:
    """A body that agrees with the path it was sent to.

    Raises:
        ApiError: 400.
    """
    if not document.get("kind"):
        raise bad_request("Object 'Kind' is missing in the request body")
    if not document.get("apiVersion"):
        raise bad_request("Object 'apiVersion' is missing in the request body")
    if document["kind"] != kind.kind or document["apiVersion"] != kind.api_version:
        group, _, version = str(document["apiVersion"]).rpartition("/")
        raise bad_request(
            f"the API version in the data ({document['apiVersion']}) does not match the expected API version "
            f"({kind.api_version})"
            if document["kind"] == kind.kind
            else f'{document["kind"]} in version "{version or group}" cannot be handled as a {kind.kind}: no kind '
            f'"{document["kind"]}" is registered for version "{kind.api_version}"'
        )
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        return document
    if kind.namespaced:
        if metadata.get("namespace") not in (None, "", route.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata = {**metadata, "namespace": route.namespace}
    elif metadata.get("namespace"):
        metadata = {name: value for name, value in metadata.items() if name != "namespace"}
    if route.name:
        name = metadata.get("name") or route.name
        if name != route.name:
            raise bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({route.name})"
            )
        metadata = {**metadata, "name": name}
    return {**document, "metadata": metadata}


def _restarted_at(document: Any) -> str | None:
    """The annotation of ``kubectl rollout restart``, where there is one; safe on any JSON."""
    for step in ("spec", "template", "metadata", "annotations"):
        document = document.get(step) if isinstance(document, dict) else None
    value = document.get(_RESTARTED_AT) if isinstance(document, dict) else None
    return value if isinstance(value, str) else None


def _patch_of(request: Request) -> tuple[str, Any]:
    """Media type and parsed patch.

    Raises:
        ApiError: 400, 413 or 415.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _PATCH_TYPES:
        raise unsupported_media(_PATCH_TYPES)
    if len(request.body) > _MAX_BODY_BYTES:
        raise ApiError(413, "RequestEntityTooLarge", f"limit is {_MAX_BODY_BYTES}")
    patch = parse_json(request.body)
    if media != _PATCH_TYPES[0] and not isinstance(patch, dict):
        word = "null" if patch is None else go_word(patch)
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {word} into Go value of type map[string]interface {{}}"
        )
    return media, patch


def _patched(kind: Kind | None, old: Json, media: str, patch: Any) -> Any:
    """``old`` with a patch applied; without a kind there is nothing strategic about it."""
    try:
        if media == _PATCH_TYPES[0]:
            return json_patch(old, patch)
        if media == _PATCH_TYPES[1]:
            return merge_patch(old, patch)
        return strategic_merge(
            old, patch, lambda path: patch_strategy(kind, path) if kind else PatchStrategy(None, ())
        )
    except RecursionError as error:
        raise bad_request("error decoding patch: exceeded max depth") from error


def _scale_of(document: Json) -> Json:
    """The ``Scale`` of a workload."""
    had, spec = document["metadata"], document.get("spec") or {}
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Json = {"replicas": (document.get("status") or {}).get("replicas", 0)}
    selector = (spec.get("selector") or {}).get("matchLabels") or {}
    if selector:
        status["selector"] = ",".join(f"{key}={selector[key]}" for key in sorted(selector))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: had[name] for name in names if name in had},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": status,
    }


def _dry_run(options: Json, request: Request) -> bool:
    given = options.get("dryRun") or []
    return manner_of(request).dry_run or (isinstance(given, list) and "All" in given)


def _deletion(options: Json, request: Request) -> Deletion:
    """``DeleteOptions`` from body and query.

    Raises:
        ApiError: 400.
    """
    grace: Any = options.get("gracePeriodSeconds", request.one("gracePeriodSeconds") or None)
    if isinstance(grace, str):
        if not (grace.isascii() and grace.isdecimal() and len(grace) < 10):
            raise bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax')
        grace = int(grace)
    if grace is not None and (isinstance(grace, bool) or not isinstance(grace, int)):
        raise bad_request(
            "json: cannot unmarshal into Go struct field DeleteOptions.gracePeriodSeconds of type int64"
        )
    if grace is not None and not 0 <= grace < 2**31:
        grace = 1 if grace < 0 else 2**31 - 1
    policy = options.get("propagationPolicy") or request.one("propagationPolicy") or "Background"
    if options.get("orphanDependents") is True:
        policy = "Orphan"
    if policy not in ("Background", "Foreground", "Orphan"):
        raise bad_request(
            f'propagationPolicy: Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        )
    conditions = options.get("preconditions") or {}
    if not isinstance(conditions, dict):
        raise bad_request("json: cannot unmarshal into Go struct field DeleteOptions.preconditions")
    uid, version = conditions.get("uid") or "", conditions.get("resourceVersion") or ""
    return Deletion(grace, policy, str(uid), str(version))
