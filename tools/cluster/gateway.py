"""The way in: Contour reads Gateways and HTTPRoutes and leads Envoy, both plain processes of the cluster."""

import json
import pathlib
import subprocess

from tools.setup import module_dir

from .api import bind, namespace
from .certificates import kubeconfig_of
from .control_plane import Binaries
from .errors import ClusterError
from .layout import Layout
from .processes import Process

NAMESPACE = "projectcontour"
GATEWAY_PATH = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/gateways/gateway"
_XDS = ("127.0.0.1", "18001")
_WITHOUT = ("tlsroutes", "tcproutes", "backendtlspolicies", "extensionservices")


def contour(layout: Layout, binaries: Binaries) -> Process:
    config = layout.config / "contour.json"
    config.write_text(
        json.dumps(
            {
                "gateway": {"gatewayRef": {"namespace": NAMESPACE, "name": "gateway"}},
                "accesslog-level": "disabled",
            }
        )
    )
    return Process(
        "contour",
        [
            binaries["contour"],
            "serve",
            f"--config-path={config}",
            f"--kubeconfig={kubeconfig_of(layout, 'contour')}",
            "--insecure",
            f"--xds-address={_XDS[0]}",
            f"--xds-port={_XDS[1]}",
            "--disable-leader-election",
            f"--health-address={layout.address}",
            "--health-port=8000",
            "--http-address=127.0.0.1",
            "--http-port=8001",
            f"--ingress-status-address={layout.address}",
            *(f"--disable-feature={name}" for name in _WITHOUT),
        ],
    )


def envoy(layout: Layout, binaries: Binaries) -> Process:
    config = layout.config / "envoy.json"
    command = [
        binaries["contour"],
        "bootstrap",
        f"--xds-address={_XDS[0]}",
        f"--xds-port={_XDS[1]}",
        "--xds-resource-version=v3",
        f"--admin-address={layout.folder}/envoy.sock",
        config,
    ]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"contour cannot write Envoy's configuration: {done.stderr.strip()[-600:]}")
    return Process(
        "envoy",
        [
            binaries["envoy"],
            "-c",
            config,
            "--service-cluster",
            "gateway",
            "--service-node",
            "gateway",
            "--concurrency",
            "2",
            "--disable-hot-restart",
            "--log-level",
            "warning",
        ],
    )


def contour_url(layout: Layout) -> str:
    return f"http://{layout.address}:8000/healthz"


def envoy_url(layout: Layout) -> str:
    return f"http://{layout.address}:8002/ready"


def stats_target(layout: Layout) -> str:
    """Host and port of Envoy's own metrics, path /stats/prometheus."""
    return f"{layout.address}:8002"


def definitions() -> list[dict]:
    """The Gateway API's CRDs, standard channel."""
    return _objects(module_dir("sigs.k8s.io/gateway-api") / "config/crd/standard")


def objects() -> list[dict]:
    """What the API server must hold before Contour starts, the Gateway API's CRDs aside."""
    examples = module_dir("github.com/projectcontour/contour") / "examples/contour"
    return [
        namespace(NAMESPACE),
        *_objects(examples / "01-crds.yaml"),
        *_objects(examples / "02-role-contour.yaml"),
        bind("contour", "contour"),
    ]


def gateway() -> list[dict]:
    """The GatewayClass and the one Gateway, open to routes of all namespaces."""
    version = "gateway.networking.k8s.io/v1"
    listener = {
        "name": "http",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return [
        {
            "apiVersion": version,
            "kind": "GatewayClass",
            "metadata": {"name": "contour"},
            "spec": {"controllerName": "projectcontour.io/gateway-controller"},
        },
        {
            "apiVersion": version,
            "kind": "Gateway",
            "metadata": {"name": "gateway", "namespace": NAMESPACE},
            "spec": {"gatewayClassName": "contour", "listeners": [listener]},
        },
    ]


def _objects(place: pathlib.Path) -> list[dict]:
    import yaml  # Late: `down` must work without it.

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    loaded = [item for file in files for item in yaml.load_all(file.read_text(), loader) if item]
    return [item for item in loaded if item.get("kind") in _APPLIED]


_APPLIED = ("CustomResourceDefinition", "ClusterRole")
