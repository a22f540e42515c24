"""When a server of the cluster counts as ready."""

import urllib.error
import urllib.request
from collections.abc import Callable

from . import dns, gateway, node, prometheus
from .api import Api
from .layout import Layout

# The machine may have a proxy for the world outside; the cluster is not outside.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def check_of(name: str, layout: Layout) -> Callable[[], bool]:
    """The check that is true once that server does its work; always true where nobody can tell."""
    checks: dict[str, Callable[[], bool]] = {
        "kube-apiserver": lambda: Api(layout).is_ready(),
        "kube-controller-manager": lambda: Api(layout).get(_FIRST_ACCOUNT) is not None,
        "containerd": lambda: node.containerd_is_ready(layout),
        "kubelet": lambda: Api(layout).has_condition(f"/api/v1/nodes/{node.NAME}", "Ready"),
        "kwok": lambda: Api(layout).has_condition(f"/api/v1/nodes/{node.NAME}", "Ready"),
        "kube-proxy": lambda: _answers(f"http://{layout.address}:10256/healthz"),
        "coredns": lambda: _answers(dns.ready_url(layout)),
        "contour": lambda: _answers(gateway.contour_url(layout))
        and Api(layout).has_condition(gateway.GATEWAY_PATH, "Programmed"),
        "envoy": lambda: _answers(gateway.envoy_url(layout)),
        "prometheus": lambda: _answers(prometheus.ready_url(layout)),
    }
    return checks.get(name, lambda: True)


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


_FIRST_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
