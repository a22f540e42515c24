"""Ways to take every ready endpoint from a backend so that it stays down, and to give them back."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tools.cluster.errors import ClusterError

if TYPE_CHECKING:
    from tools.cluster import Cluster
    from tools.demo.options import Options

_ADMIN_PORT = 8081
_STARTING_SECONDS = 10.0  # within which a pod that is starting now listens


def switch(cluster: "Cluster", options: "Options", backend: str, up: bool) -> None:
    """Turns the readiness switch of every pod of the backend, and of those that start later."""
    state = "on" if up else "off"
    # First what a container finds when it starts, then those that run.
    change = json.dumps({"data": {f"ready-{backend}": state}})
    cluster.kubectl("patch", "configmap", options.app, "-n", options.namespace, "--type=merge", "-p", change)

    def turn(pod: str) -> bool:
        where = f"namespaces/{options.namespace}/pods/{pod}:{_ADMIN_PORT}"
        try:
            path = f"/api/v1/{where}/proxy/admin/ready?state={state}"
            cluster.kubectl("create", "--raw", path, "-f", "-", input="")
        except ClusterError:  # it does not listen yet, or is ending
            return False
        return True

    # One that is starting now may have read the old state: it is told as soon as it listens.
    turned: set[str] = set()
    deadline = time.monotonic() + _STARTING_SECONDS
    with ThreadPoolExecutor(max_workers=8) as pool:
        while (left := _pods(cluster, options, backend) - turned) and time.monotonic() < deadline:
            turned |= {pod for pod, done in zip(left, pool.map(turn, left), strict=True) if done}


def _pods(cluster: "Cluster", options: "Options", backend: str) -> set[str]:
    """The backend's pods, without those that are ending."""
    selector = f"app.kubernetes.io/instance={options.deployment(backend)}"
    answer = cluster.kubectl("get", "pods", "-n", options.namespace, "-l", selector, "-o", "json")
    return {
        pod["metadata"]["name"]
        for pod in json.loads(answer)["items"]
        if "deletionTimestamp" not in pod["metadata"]
    }


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
