"""Service accounts."""

from __future__ import annotations

from opsrange.kube.kind import Column, Kind

KINDS = (
    Kind(
        group="",
        version="v1",
        kind="ServiceAccount",
        plural="serviceaccounts",
        singular="serviceaccount",
        short_names=("sa",),
        namespaced=True,
        subresources=("token",),
        columns=(Column("Secrets", lambda o, _: str(len(o.get("secrets") or ()))),),
    ),
)
