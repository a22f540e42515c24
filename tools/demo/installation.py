"""Puts Evenkeel and the shop onto a cluster, and takes them off again."""

import functools
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tools.demo import manifests
from tools.demo.errors import DemoError
from tools.demo.options import Options
from tools.image import build_image
from tools.paths import REPOSITORY

if TYPE_CHECKING:
    from tools.cluster import Cluster

CHART = REPOSITORY / "charts" / "evenkeel"
VALUES = CHART / "ci" / "demo-values.yaml"
RELEASE = "evenkeel"
PAGES = ("catalogue", "basket", "account")
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1
# Never by way of a proxy: the cluster is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def install_operator(cluster: "Cluster", options: Options, say: Callable[[str], None]) -> None:
    cluster.load_image(build_image("evenkeel"))
    say("image of Evenkeel is on the node")
    cluster.helm(
        "upgrade",
        "--install",
        RELEASE,
        str(CHART),
        "--namespace",
        options.operator_namespace,
        "--create-namespace",
        "--values",
        str(VALUES),
        "--wait",
        "--timeout",
        f"{_WAIT_SECONDS:.0f}s",
    )
    say("helm install --wait is done: CRD and operator")


def install_shop(cluster: "Cluster", options: Options, say: Callable[[str], None]) -> None:
    """Applies the example, the LoadBalancedService when all else works, and waits until Evenkeel says Ready.

    In one go it would do, too; Evenkeel would then tell of pods that are not there yet.
    """
    image = build_image("shop")
    cluster.load_image(image)
    objects = manifests.shop(options, image.name)
    declared = manifests.of_kind(objects, "LoadBalancedService")
    _apply(cluster, [item for item in objects if item is not declared])
    _wait_for_condition(cluster, options, "Available", "deployment", "--all")
    say(f"pods of {options.deployment(options.primary)} and {options.deployment(options.standby)} are ready")
    for page in PAGES:
        wait_for(f"the gateway serves /{page}", functools.partial(_serves, f"{cluster.gateway_url}/{page}"))
    say(f"{cluster.gateway_url} serves {', '.join('/' + page for page in PAGES)}")
    pods, gateways = _wait_for_signals(cluster, options)
    say(f"Prometheus scrapes {pods} pods of the shop and {gateways} gateway")
    _apply(cluster, [declared])
    _wait_for_condition(cluster, options, "Ready", f"lbs/{options.app}")
    say(
        f"LoadBalancedService {options.app} is Ready: Evenkeel has read its signals and looks after its route"
    )


def _apply(cluster: "Cluster", objects: list[dict[str, Any]]) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.as_yaml(objects))


def _wait_for_condition(cluster: "Cluster", options: Options, condition: str, *which: str) -> None:
    limit = f"--timeout={_WAIT_SECONDS:.0f}s"
    cluster.kubectl("wait", f"--for=condition={condition}", *which, "-n", options.namespace, limit)


def _wait_for_signals(cluster: "Cluster", options: Options) -> tuple[int, int]:
    """How many pods of the shop and how many gateways Prometheus scrapes, once it has found them all."""
    found = (0, 0)
    running = len(cluster.kubectl("get", "pods", "-n", options.namespace, "-o", "name").split())

    def all_of_them() -> bool:
        nonlocal found
        shop = prometheus(cluster, f'sum(up{{job="pods",namespace="{options.namespace}"}})')
        found = (round(shop), round(prometheus(cluster, 'sum(up{job="gateway"})')))
        return found[0] >= running and found[1] > 0

    wait_for("Prometheus scrapes shop and gateway", all_of_them)
    return found


def remove_shop(cluster: "Cluster", options: Options) -> None:
    """Takes the example off again; returns when its route is gone and another may have its pages. The rest of
    its namespace follows."""
    where = ("-n", options.namespace, "--ignore-not-found")
    cluster.kubectl("delete", "httproute", options.app, *where, "--timeout=30s")
    cluster.kubectl("delete", "namespace", options.namespace, "--ignore-not-found", "--wait=false")


def prometheus(cluster: "Cluster", query: str) -> float:
    """The value of a query with one result; 0 where it has none."""
    url = f"{cluster.prometheus_url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with _OPENER.open(url, timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0


def wait_for(what: str, holds: Callable[[], bool], seconds: float = _WAIT_SECONDS) -> None:
    """Returns when it holds. Raises DemoError when it still does not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise DemoError(f"{what}: not within {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def _serves(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:  # a refusal by HTTP is one, too
        return False
