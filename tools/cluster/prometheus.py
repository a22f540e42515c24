"""Prometheus as a plain process: scrapes annotated pods and the gateway every second."""

import json

from .api import grant, namespace, published
from .certificates import kubeconfig_of
from .control_plane import Binaries
from .gateway import stats_target
from .layout import Layout
from .processes import Process

NAMESPACE = "monitoring"


def prometheus(layout: Layout, binaries: Binaries) -> Process:
    config = layout.config / "prometheus.json"
    config.write_text(json.dumps(_config(layout), indent=1))
    return Process(
        "prometheus",
        [
            binaries["prometheus"],
            f"--config.file={config}",
            f"--storage.tsdb.path={layout.folder}/prometheus",
            "--storage.tsdb.retention.time=6h",
            f"--web.listen-address={layout.address}:9090",
            "--web.enable-lifecycle",
            "--scrape.discovery-reload-interval=1s",  # 5 s otherwise, and new pods are seen late enough.
            "--log.level=warn",
        ],
    )


def ready_url(layout: Layout) -> str:
    return f"{layout.prometheus_url}/-/ready"


def objects(layout: Layout) -> list[dict]:
    """What the API server must hold for Prometheus, and for those who look for it."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    ports = [{"name": "http", "port": 9090, "protocol": "TCP"}]
    return [
        namespace(NAMESPACE),
        *grant("prometheus", rules),
        *published("prometheus", NAMESPACE, layout.address, ports),
    ]


def _config(layout: Layout) -> dict:
    jobs = [_pods(layout)]
    if layout.form.has_gateway:
        jobs.append(
            {
                "job_name": "gateway",
                "metrics_path": "/stats/prometheus",
                "static_configs": [{"targets": [stats_target(layout)]}],
            }
        )
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": jobs,
    }


def _pods(layout: Layout) -> dict:
    meta = "__meta_kubernetes_pod"
    annotation = f"{meta}_annotation_prometheus_io"
    return {
        "job_name": "pods",
        "kubernetes_sd_configs": [
            {"role": "pod", "kubeconfig_file": str(kubeconfig_of(layout, "prometheus"))}
        ],
        "relabel_configs": [
            {"source_labels": [f"{annotation}_scrape"], "regex": "true", "action": "keep"},
            {"source_labels": [f"{meta}_phase"], "regex": "Running", "action": "keep"},
            # Discovery names one target a container port; without a declared port it names the pod once.
            {
                "source_labels": [f"{meta}_ip", f"{annotation}_port"],
                "separator": ":",
                "regex": "(.+:[0-9]+)",
                "target_label": "__address__",
            },
            {"source_labels": [f"{annotation}_path"], "regex": "(.+)", "target_label": "__metrics_path__"},
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": [f"{meta}_name"], "target_label": "pod"},
            {"source_labels": [f"{meta}_container_init"], "regex": "true", "action": "drop"},
        ],
    }
