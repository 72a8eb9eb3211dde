"""What an engineer reads when a pod does not come up or does not stay up."""

from __future__ import annotations

from tests.simulation.kube.scripted import World, deployment, node, waiting

from opsrange.kube.runtime import Probe, Start

REFUSED = 'Get "http://10.1.2.3:9999/": dial tcp 10.1.2.3:9999: connect: connection refused'


def test_image_that_does_not_exist_backs_off() -> None:
    world = World()
    words = (
        'rpc error: code = NotFound desc = failed to pull and unpack image "shop/cart:2": not found'
    )
    world.script.missing["shop/cart:1"] = words
    world.cluster.apply(deployment("cart"))
    world.run(4)
    pod = world.pod("cart")
    assert waiting(pod) == {"reason": "ErrImagePull", "message": words}
    assert pod["status"]["phase"] == "Pending"
    world.run(20)
    assert waiting(world.pod("cart"))["reason"] == "ImagePullBackOff"
    assert 'Back-off pulling image "shop/cart:1"' in waiting(world.pod("cart"))["message"]
    seen = world.events(pod["metadata"]["name"])
    assert 'Normal Pulling Pulling image "shop/cart:1"' in seen
    assert f'Warning Failed Failed to pull image "shop/cart:1": {words}' in seen
    assert "Warning Failed Error: ErrImagePull" in seen
    assert "Warning Failed Error: ImagePullBackOff" in seen
    del world.script.missing["shop/cart:1"]
    world.run(320)
    assert world.pod("cart")["status"]["phase"] == "Running"


def test_memory_limit_too_low_ends_in_crash_loop() -> None:
    world = World()
    world.install(deployment("cart"))
    uid = world.pod("cart")["metadata"]["uid"]
    for _ in range(3):
        world.cluster.exited(uid, "cart", 137, "OOMKilled")
        world.run(25)
    world.cluster.exited(uid, "cart", 137, "OOMKilled")
    world.run(3)
    pod = world.pod("cart")
    status = pod["status"]["containerStatuses"][0]
    assert waiting(pod)["reason"] == "CrashLoopBackOff"
    named = f"cart pod={pod['metadata']['name']}_shop({uid})"
    assert waiting(pod)["message"] == f"back-off 40s restarting failed container={named}"
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert status["lastState"]["terminated"]["exitCode"] == 137
    assert status["restartCount"] == 3
    assert not status["ready"]
    assert pod["status"]["phase"] == "Running"
    words = (
        f"Back-off restarting failed container cart in pod {pod['metadata']['name']}_shop({uid})"
    )
    assert f"Warning BackOff {words}" in world.events(pod["metadata"]["name"])
    world.run(60)
    assert world.pod("cart")["status"]["containerStatuses"][0]["restartCount"] == 4


def test_crash_back_off_is_forgotten_after_ten_good_minutes() -> None:
    world = World()
    world.install(deployment("cart"))
    uid = world.pod("cart")["metadata"]["uid"]
    for _ in range(4):
        world.cluster.exited(uid, "cart", 1, "Error")
        world.run(100)
    world.run(700)
    world.cluster.exited(uid, "cart", 1, "Error")
    world.run(3)
    assert "running" in world.pod("cart")["status"]["containerStatuses"][0]["state"]


def test_failing_readiness_probe_keeps_the_pod_out() -> None:
    world = World()
    world.script.probes["shop/cart:1 9999"] = Probe(ok=False, message=REFUSED)
    probe = {"httpGet": {"port": 9999, "path": "/"}, "periodSeconds": 10}
    world.cluster.apply(deployment("cart", readinessProbe=probe))
    world.run(60)
    pod = world.pod("cart")
    assert pod["status"]["phase"] == "Running"
    ready = next(c for c in pod["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [cart]"
    assert f"Warning Unhealthy Readiness probe failed: {REFUSED}" in world.events()
    assert world.condition("Deployment", "cart", "Available")["status"] == "False"
    del world.script.probes["shop/cart:1 9999"]
    world.run(15)
    assert world.condition("Deployment", "cart", "Available")["status"] == "True"


def test_readiness_lost_later_needs_three_failures() -> None:
    world = World()
    probe = {"httpGet": {"port": 9999}, "periodSeconds": 10, "failureThreshold": 3}
    world.install(deployment("cart", readinessProbe=probe))
    world.script.probes["shop/cart:1 9999"] = Probe(ok=False, message=REFUSED)
    world.run(12)
    assert world.pod("cart")["status"]["containerStatuses"][0]["ready"]
    world.run(25)
    assert not world.pod("cart")["status"]["containerStatuses"][0]["ready"]


def test_failing_liveness_probe_restarts() -> None:
    world = World()
    probe = {"httpGet": {"port": 9999}, "periodSeconds": 5, "failureThreshold": 2}
    world.install(deployment("cart", livenessProbe=probe))
    world.script.probes["shop/cart:1 9999"] = Probe(ok=False, message=REFUSED)
    world.run(40)
    seen = world.events("cart-")
    assert f"Warning Unhealthy Liveness probe failed: {REFUSED}" in seen
    assert "Normal Killing Container cart failed liveness probe, will be restarted" in seen
    assert world.pod("cart")["status"]["containerStatuses"][0]["restartCount"] >= 1


def test_missing_config_map_key_and_volume() -> None:
    world = World()
    reference = {"configMapKeyRef": {"name": "settings", "key": "MODE"}}
    env = [{"name": "MODE", "valueFrom": reference}]
    world.cluster.apply(deployment("cart", env=env))
    world.run(5)
    expected = {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    assert waiting(world.pod("cart")) == expected
    assert 'Warning Failed Error: configmap "settings" not found' in world.events("cart-")
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"OTHER": "x"}}
    world.cluster.apply({**settings, "metadata": {"name": "settings", "namespace": "shop"}})
    world.run(20)
    words = "couldn't find key MODE in ConfigMap shop/settings"
    assert waiting(world.pod("cart"))["message"] == words

    mounted = deployment("flags")
    volumes = [{"name": "flags", "configMap": {"name": "flags"}}]
    mounted["spec"]["template"]["spec"]["volumes"] = volumes
    world.cluster.apply(mounted)
    world.run(30)
    assert waiting(world.pod("flags"))["reason"] == "ContainerCreating"
    words = 'MountVolume.SetUp failed for volume "flags" : configmap "flags" not found'
    assert f"Warning FailedMount {words}" in world.events("flags-")


def test_bad_command_is_a_start_error() -> None:
    world = World()
    words = 'failed to create containerd task: exec: "/bin/nope": stat /bin/nope: no such file or directory'
    world.script.starts["shop/cart:1"] = Start(exits_after_ms=0, exit_code=128, message=words)
    world.cluster.apply(deployment("cart"))
    world.run(30)
    status = world.pod("cart")["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["reason"] == "StartError"
    assert status["lastState"]["terminated"]["exitCode"] == 128
    assert waiting(world.pod("cart"))["reason"] == "CrashLoopBackOff"
    assert f"Warning Failed Error: {words}" in world.events("cart-")


def test_too_large_a_request_is_unschedulable() -> None:
    world = World()
    resources = {"requests": {"memory": "64Gi"}}
    world.cluster.apply(deployment("cart", resources=resources))
    world.run(5)
    words = (
        "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )
    assert f"Warning FailedScheduling {words}" in world.events("cart-")
    pod = world.pod("cart")
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["conditions"][0]["reason"] == "Unschedulable"
    world.cluster.apply(node("big", memory="128Gi"))
    world.run(10)
    assert world.pod("cart")["spec"]["nodeName"] == "big"
    assert world.pod("cart")["status"]["phase"] == "Running"


def test_deleted_pod_is_stopped_gracefully_and_replaced() -> None:
    world = World()
    world.install(deployment("cart"))
    first = world.pod("cart")["metadata"]["name"]
    world.cluster.delete("Pod", "shop", first)
    world.run(1)
    assert first in [pod["metadata"]["name"] for pod in world.pods("cart")]
    assert first not in world.script.stopped
    world.run(10)
    assert first in world.script.stopped
    assert world.pod("cart")["metadata"]["name"] != first
    assert "Normal Killing Stopping container cart" in world.events(first)


def test_init_containers_run_first_and_hold_the_others() -> None:
    world = World()
    manifest = deployment("cart")
    first = {"name": "first", "image": "shop/first:1"}
    manifest["spec"]["template"]["spec"]["initContainers"] = [first]
    world.script.starts["shop/first:1"] = Start(exits_after_ms=500, exit_code=1)
    world.cluster.apply(manifest)
    world.run(8)
    pod = world.pod("cart")
    assert pod["status"]["phase"] == "Pending"
    assert waiting(pod)["reason"] == "PodInitializing"
    initialized = next(c for c in pod["status"]["conditions"] if c["type"] == "Initialized")
    assert initialized["message"] == "containers with incomplete status: [first]"
    assert pod["status"]["initContainerStatuses"][0]["restartCount"] >= 1
    world.script.starts["shop/first:1"] = Start(exits_after_ms=500)
    world.run(60)
    assert world.pod("cart")["status"]["phase"] == "Running"


def test_an_image_changed_in_place_restarts_the_container() -> None:
    world = World()
    world.install(deployment("cart"))
    pod = world.pod("cart")
    one = {**pod["spec"]["containers"][0], "image": "shop/cart:2"}
    world.cluster.apply({**pod, "spec": {**pod["spec"], "containers": [one]}})
    world.run(10)
    status = world.pod("cart")["status"]["containerStatuses"][0]
    assert (status["image"], status["restartCount"]) == ("shop/cart:2", 1)
    words = "Normal Killing Container cart definition changed, will be restarted"
    assert words in world.events(pod["metadata"]["name"])
