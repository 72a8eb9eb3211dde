"""What a container runtime says of images, probes and usage, in containerd's and the kubelet's words."""

from __future__ import annotations

import pytest

from opsrange.estates import Estate
from opsrange.estates.platform import PLATFORM_IMAGES
from opsrange.estates.runtime import EstateRuntime
from opsrange.types import Json


@pytest.fixture(scope="session")
def runtime(estate: Estate) -> EstateRuntime:
    return estate._runtime


def test_every_image_that_runs_can_be_pulled(estate: Estate, runtime: EstateRuntime) -> None:
    for pod in estate.operator.list("pods"):
        for container in pod["spec"]["containers"]:
            assert runtime.pull(container["image"]).found, container["image"]


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:nope", "docker.io/library/nginx:nope"),
        ("corp/cart:1", "docker.io/corp/cart:1"),
        ("quay.io/corp/cart", "quay.io/corp/cart:latest"),
        ("localhost/cart:1", "localhost/cart:1"),
        ("registry:5000/cart@sha256:ab", "registry:5000/cart@sha256:ab"),
    ],
)
def test_an_unknown_image_is_refused_by_its_full_name(
    image: str, reference: str, runtime: EstateRuntime
) -> None:
    pull = runtime.pull(image)
    assert not pull.found
    assert pull.message.startswith(f'failed to pull and unpack image "{reference}":')
    assert pull.message.endswith(f"{reference}: not found")


def test_an_unknown_tag_of_a_known_image_is_refused(estate: Estate, runtime: EstateRuntime) -> None:
    image = _pod(estate, "cart")["spec"]["containers"][0]["image"]
    assert runtime.pull(image).found
    assert not runtime.pull(f"{image}-none").found


def _pod(estate: Estate, service: str) -> Json:
    return estate.pods_of(service)[0]


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ({"tcpSocket": {"port": 7070}}, ""),
        ({"tcpSocket": {"port": "grpc"}}, ""),
        ({"exec": {"command": ["true"]}}, ""),
        ({"tcpSocket": {"port": 1}}, "dial tcp {ip}:1: connect: connection refused"),
        (
            {"tcpSocket": {"port": "nameless"}},
            "dial tcp {ip}:0: connect: connection refused",
        ),
        (
            {"httpGet": {"port": 1, "path": "/up"}},
            'Get "http://{ip}:1/up": dial tcp {ip}:1: connect: connection refused',
        ),
        (
            {"grpc": {"port": 1}},
            'timeout: failed to connect service "{ip}:1" within 1s: context deadline exceeded',
        ),
    ],
)
def test_a_probe_is_answered_in_the_kubelets_words(
    probe: Json, message: str, estate: Estate, runtime: EstateRuntime
) -> None:
    pod = _pod(estate, "cart")
    answer = runtime.probe(pod, "cart", probe)
    assert answer.message == message.format(ip=pod["status"]["podIP"])
    assert answer.ok is not bool(message)


def test_a_probe_of_the_platform_succeeds(estate: Estate, runtime: EstateRuntime) -> None:
    [pod] = estate.operator.list("pods", "monitoring")[:1]
    assert runtime.probe(pod, pod["spec"]["containers"][0]["name"], {"tcpSocket": {"port": 1}}).ok


def test_what_runs_uses_something_within_its_limits(estate: Estate, runtime: EstateRuntime) -> None:
    used = runtime.usage(_pod(estate, "cart"), "cart")
    assert used.cpu_millicores > 0
    assert 1 << 20 < used.memory_bytes < estate.memory_limit_bytes("cart")
    [pod] = [pod for pod in estate.operator.list("pods", "monitoring") if _is_prometheus(pod)]
    container = pod["spec"]["containers"][0]
    usage = runtime.usage(pod, container["name"])
    assert (usage.cpu_millicores, usage.memory_bytes) == PLATFORM_IMAGES[container["image"]]


def _is_prometheus(pod: Json) -> bool:
    return bool(pod["metadata"]["labels"]["app.kubernetes.io/name"] == "prometheus")
