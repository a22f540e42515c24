"""Ways to take every ready endpoint from a backend so that it stays down, and to give them back."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.cluster import Cluster
    from tools.demo.options import Options

_ADMIN_PORT = 8081


def switch(cluster: "Cluster", options: "Options", backend: str, up: bool) -> None:
    """Turns the readiness switch of every pod of the backend, and of those that start later."""
    state = "on" if up else "off"
    # First what a container finds when it starts, then those that run: none can slip through between the two.
    change = json.dumps({"data": {f"ready-{backend}": state}})
    cluster.kubectl("patch", "configmap", options.app, "-n", options.namespace, "--type=merge", "-p", change)
    selector = f"app.kubernetes.io/instance={options.deployment(backend)}"
    answer = cluster.kubectl("get", "pods", "-n", options.namespace, "-l", selector, "-o", "json")
    pods = [
        pod["metadata"]["name"]
        for pod in json.loads(answer)["items"]
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]

    def turn(pod: str) -> None:
        path = (
            f"/api/v1/namespaces/{options.namespace}/pods/{pod}:{_ADMIN_PORT}/proxy/admin/ready?state={state}"
        )
        cluster.kubectl("create", "--raw", path, "-f", "-", input="")

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(turn, pods))


def selector(cluster: "Cluster", options: "Options", backend: str, up: bool) -> None:
    """Lets the backend's Service select nobody: its endpoints go at once, its pods know nothing."""
    instance = options.deployment(backend) if up else "nobody"
    change = json.dumps({"spec": {"selector": {"app.kubernetes.io/instance": instance}}})
    cluster.kubectl(
        "patch", "service", options.deployment(backend), "-n", options.namespace, "--type=merge", "-p", change
    )


FAULTS: dict[str, Callable[["Cluster", "Options", str, bool], None]] = {
    "switch": switch,
    "selector": selector,
}
