"""Addresses of pods and services, handed out in a fixed way: same history, same addresses.

Service addresses come from 10.96.0.0/16 and node ports from 30000-32767, each derived from the service's name and
moved on while taken. Pods get the next free address of their node's /24, as the host-local plug-in does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
_RESERVED_SERVICE_HOSTS = 256
"""The first addresses are kept for kubernetes.default and kube-dns, as the API server does for static allocation."""
_NODE_PORT_FIRST, _NODE_PORT_COUNT = 30000, 2768


def _spread(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def service_ip(namespace: str, name: str, taken: Collection[str]) -> str:
    """A free cluster IP for a service."""
    span = 65_536 - _RESERVED_SERVICE_HOSTS - 1
    start = _spread(f"{namespace}/{name}") % span
    for step in range(span):
        host = _RESERVED_SERVICE_HOSTS + (start + step) % span
        address = f"10.96.{host // 256}.{host % 256}"
        if address not in taken:
            return address
    raise ValueError("no cluster IP is free")


def node_port(namespace: str, name: str, port: int, taken: Collection[int]) -> int:
    """A free node port for one port of a service."""
    start = _spread(f"{namespace}/{name}:{port}") % _NODE_PORT_COUNT
    for step in range(_NODE_PORT_COUNT):
        candidate = _NODE_PORT_FIRST + (start + step) % _NODE_PORT_COUNT
        if candidate not in taken:
            return candidate
    raise ValueError("no node port is free")


class PodAddresses:
    """Addresses of one node's pod network, handed out round-robin.

    Args:
        cidr: a /24 such as ``10.244.1.0/24``.
    """

    def __init__(self, cidr: str) -> None:
        self._prefix = cidr.rsplit(".", 1)[0]
        self._last = 1
        self._taken: dict[str, str] = {}

    def assign(self, uid: str) -> str:
        """The next free address, for the pod with this uid.

        Raises:
            ValueError: when all 253 are in use.
        """
        in_use = set(self._taken.values())
        for step in range(1, 254):
            host = 2 + (self._last - 1 + step - 1) % 253
            address = f"{self._prefix}.{host}"
            if address not in in_use:
                self._last = host
                self._taken[uid] = address
                return address
        raise ValueError(f"no address is free in {self._prefix}.0/24")

    def release(self, uid: str) -> None:
        """Give a pod's address back; harmless when it has none."""
        self._taken.pop(uid, None)
