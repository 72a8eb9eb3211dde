"""The Kubernetes API over :mod:`opsrange.wire`: routing, verbs, watches, tables, discovery. Sans-I/O.

Belongs here: what HTTP adds to the store and the registry. Does not: storage, defaults, admission (``kube``), kinds, sockets.
"""

from opsrange.kube.api.registry import Manner, Registry
from opsrange.kube.api.rights import Rights, Rule
from opsrange.kube.api.service import Api, Settings

__all__ = ["Api", "Manner", "Registry", "Rights", "Rule", "Settings"]
