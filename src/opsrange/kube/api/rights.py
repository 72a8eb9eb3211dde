"""What the caller may do, and the reviews by which kubectl asks.

Belongs here: rules and their application. Does not: roles and bindings as objects, who the caller is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from opsrange.kube.status_errors import ApiError
from opsrange.types import Json

ALL = ("*",)
READS = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Action:
    """What a request wants to do."""

    verb: str
    group: str
    resource: str
    """Plural, with its subresource: ``deployments/scale``."""
    namespace: str = ""
    """Empty at the cluster scope."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows or denies the actions it matches."""

    allow: bool
    verbs: Sequence[str] = ALL
    resources: Sequence[str] = ALL
    """``deployments``, ``deployments/scale``, ``*/status`` or ``*``; a plain resource covers its subresources."""
    namespaces: Sequence[str] = ALL
    """``""`` is the cluster scope; ``*`` is every namespace and the cluster scope."""
    names: Sequence[str] = ALL

    def matches(self, action: Action) -> bool:
        """Whether the rule speaks of an action."""
        return (
            _covers(self.verbs, action.verb)
            and (
                _covers(self.resources, action.resource)
                or _covers(self.resources, _every(action.resource))
                or _covers(self.resources, action.resource.partition("/")[0])
            )
            and _covers(self.namespaces, action.namespace)
            and _covers(self.names, action.name)
        )


def _every(resource: str) -> str:
    """``*/status`` for ``pods/status``; as it is without a subresource."""
    _, slash, sub = resource.partition("/")
    return f"*/{sub}" if slash else resource


def _covers(allowed: Sequence[str], value: str) -> bool:
    return "*" in allowed or value in allowed


OPERATOR_RULES = (
    Rule(allow=True, verbs=READS),
    Rule(allow=True, resources=("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
    Rule(allow=True, resources=("selfsubjectreviews",)),
    Rule(allow=False, resources=("*/status",)),
    Rule(allow=False, namespaces=("kube-system", "kube-node-lease", "monitoring")),
    Rule(allow=True, verbs=("patch", "update"), resources=("nodes",)),
    Rule(
        allow=True,
        verbs=("create", "patch", "update"),
        resources=("namespaces", "persistentvolumes"),
        namespaces=("",),
    ),
    Rule(allow=False, namespaces=("",)),
    Rule(allow=True),
)
"""An operator on call: reads everything, changes applications, cordons nodes; leaves the cluster's own alone, and the status
of everything to whoever observes it, as the role ``admin`` does."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Rules in order; the first that matches decides, and nothing is allowed by default."""

    user: str = "oncall"
    rules: Sequence[Rule] = OPERATOR_RULES

    def allowed(self, action: Action) -> bool:
        """Whether an action is allowed."""
        return next((rule.allow for rule in self.rules if rule.matches(action)), False)

    def require(self, action: Action) -> None:
        """Do nothing when an action is allowed.

        Raises:
            ApiError: 403, in the API server's words.
        """
        if self.allowed(action):
            return
        scope = f'in the namespace "{action.namespace}"' if action.namespace else ""
        plural = action.resource.partition("/")[0]
        qualified = f"{plural}.{action.group}" if action.group else plural
        subject = f'{qualified} "{action.name}"' if action.name else qualified
        details: Json = {"name": action.name} if action.name else {}
        if action.group:
            details["group"] = action.group
        details["kind"] = plural
        message = (
            f'{subject} is forbidden: User "{self.user}" cannot {action.verb} resource "{action.resource}" '
            f'in API group "{action.group}" {scope or "at the cluster scope"}'
        )
        raise ApiError(403, "Forbidden", message, details)

    def review_access(self, spec: Json, cluster_scoped: Collection[tuple[str, str]]) -> Json:
        """The status of a ``SelfSubjectAccessReview``.

        Args:
            spec: of the review.
            cluster_scoped: (group, plural) of resources outside namespaces: for them kubectl sends one all the same.
        """
        wanted = spec.get("resourceAttributes")
        if not isinstance(wanted, dict):
            attributes = spec.get("nonResourceAttributes")
            reading = isinstance(attributes, dict) and attributes.get("verb") in ("get", "head")
            return {"allowed": reading}
        resource = str(wanted.get("resource") or "")
        scoped = (str(wanted.get("group") or ""), resource)
        if wanted.get("subresource"):
            resource += f"/{wanted['subresource']}"
        action = Action(
            str(wanted.get("verb") or ""),
            str(wanted.get("group") or ""),
            resource,
            "" if scoped in cluster_scoped else str(wanted.get("namespace") or ""),
            str(wanted.get("name") or ""),
        )
        return {"allowed": self.allowed(action)}

    def review_rules(self, spec: Json) -> Json:
        """The status of a ``SelfSubjectRulesReview``: what is allowed in a namespace."""
        namespace = str(spec.get("namespace") or "")
        listed: list[Json] = []
        for rule in self.rules:
            if not _covers(rule.namespaces, namespace):
                continue
            if not rule.allow:
                if _covers(rule.resources, "*") and "*" in rule.verbs:
                    break
                continue
            entry: Json = {
                "verbs": list(rule.verbs),
                "apiGroups": ["*"],
                "resources": list(rule.resources),
            }
            if "*" not in rule.names:
                entry["resourceNames"] = list(rule.names)
            listed.append(entry)
        readable = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/openapi", "/openapi/*"]
        paths = [{"verbs": ["get"], "nonResourceURLs": [*readable, "/version"]}]
        return {"resourceRules": listed, "nonResourceRules": paths, "incomplete": False}
