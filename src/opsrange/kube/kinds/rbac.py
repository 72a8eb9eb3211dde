"""Roles and bindings. Deciding by them is elsewhere."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, CREATED_AT
from opsrange.kube.fields.complaints import required, same
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_GROUP = "rbac.authorization.k8s.io"


def _check_rules(role: Json, old: Json | None) -> list[FieldError]:
    errors = []
    for index, rule in enumerate(role.get("rules") or ()):
        here = f"rules[{index}]"
        if not rule.get("verbs"):
            errors.append(required(f"{here}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            continue
        if not rule.get("apiGroups"):
            detail = "resource rules must supply at least one api group"
            errors.append(required(f"{here}.apiGroups", detail))
        if not rule.get("resources"):
            detail = "resource rules must supply at least one resource"
            errors.append(required(f"{here}.resources", detail))
    return errors


def _default_binding(binding: Json) -> None:
    reference = binding.get("roleRef")
    if reference is not None:
        reference["apiGroup"] = reference.get("apiGroup") or _GROUP
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = subject.get("apiGroup") or _GROUP


def _check_binding(binding: Json, old: Json | None) -> list[FieldError]:
    reference = binding.get("roleRef") or {}
    errors = check_one_of("roleRef.kind", reference.get("kind", ""), ("ClusterRole", "Role"))
    if not reference.get("name"):
        errors.append(required("roleRef.name"))
    for index, subject in enumerate(binding.get("subjects") or ()):
        here = f"subjects[{index}]"
        if not subject.get("name"):
            errors.append(required(f"{here}.name"))
        kinds = ("ServiceAccount", "User", "Group")
        errors += check_one_of(f"{here}.kind", subject.get("kind", ""), kinds)
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            errors.append(required(f"{here}.namespace"))
    if old is not None:
        errors += same("roleRef", reference, old.get("roleRef"), "cannot change roleRef")
    return errors


def _subjects(binding: Json, kind: str) -> str:
    """Subjects of one kind."""
    names = []
    for subject in binding.get("subjects") or ():
        if subject.get("kind") == kind:
            space = f"{subject.get('namespace', '')}/" if kind == "ServiceAccount" else ""
            names.append(f"{space}{subject.get('name', '')}")
    return ", ".join(names)


def _role(binding: Json, now_ms: int) -> str:
    """The role that is bound."""
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _role_kind(kind: str, *, namespaced: bool) -> Kind:
    return Kind(
        group=_GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        namespaced=namespaced,
        columns=(CREATED_AT,),
        age_column=False,
        validate=_check_rules,
    )


def _binding_kind(kind: str, *, namespaced: bool) -> Kind:
    return Kind(
        group=_GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        namespaced=namespaced,
        columns=(
            Column("Role", _role),
            AGE,
            Column("Users", lambda o, _: _subjects(o, "User"), 1),
            Column("Groups", lambda o, _: _subjects(o, "Group"), 1),
            Column("ServiceAccounts", lambda o, _: _subjects(o, "ServiceAccount"), 1),
        ),
        age_column=False,
        default=_default_binding,
        validate=_check_binding,
    )


KINDS = (
    _role_kind("Role", namespaced=True),
    _role_kind("ClusterRole", namespaced=False),
    _binding_kind("RoleBinding", namespaced=True),
    _binding_kind("ClusterRoleBinding", namespaced=False),
)
