"""What a person looks at first: the object, its events, the operator's metrics."""

import json
import shlex
from typing import TYPE_CHECKING

from tools.demo.console import Check, Console
from tools.demo.options import Options

if TYPE_CHECKING:
    from tools.cluster import Cluster

_METRICS_PORT = 8080
_SHOWN = (
    "evenkeel_replicas",
    "evenkeel_desired_replicas",
    "evenkeel_active_tier",
    "evenkeel_backend_",
    "evenkeel_metric_value",
    "evenkeel_failovers_total",
    "evenkeel_scale_events_total",
    "evenkeel_writes_total",
)


def look(cluster: "Cluster", options: Options, console: Console) -> list[Check]:
    """Prints each command and its answer, and says whether a person would see what happened."""

    def shown(*arguments: str) -> str:
        console.text(f"\n$ kubectl {shlex.join(arguments)}")
        answer = cluster.kubectl(*arguments, check=False)
        console.text(answer)
        return answer

    here = ("-n", options.namespace)
    table = shown("get", "lbs", *here)
    shown("get", "deployments,httproutes", *here)
    described = shown("describe", "lbs", options.app, *here)
    events = shown(
        "get",
        "events",
        *here,
        "--field-selector",
        "involvedObject.kind=LoadBalancedService",
        "--sort-by=.metadata.creationTimestamp",
    )
    metrics = _metrics(cluster, options, console)
    row = table.splitlines()[-1].split()
    return [
        Check("kubectl get lbs", " ".join(row[:2]), f"{options.app} True", row[:2] == [options.app, "True"]),
        Check(
            "conditions in kubectl describe",
            str(described.count("Observed Generation:")),
            "1 or more",
            "Conditions:" in described,
        ),
        Check(
            "events on the object",
            str(_data_lines(events)),
            "3 or more: growth, fail-over, return",
            _data_lines(events) >= 3,
        ),
        Check("metrics of ours", f"{len(metrics)} series", "1 or more", bool(metrics)),
    ]


def _metrics(cluster: "Cluster", options: Options, console: Console) -> list[str]:
    """Prints some of the operator's metrics; returns all that are ours."""
    answer = cluster.kubectl(
        "get", "pods", "-n", options.operator_namespace, "-l", "app.kubernetes.io/name=evenkeel", "-o", "json"
    )
    pods = [
        pod["metadata"]["name"]
        for pod in json.loads(answer)["items"]
        if pod["status"].get("phase") == "Running"
    ]
    if not pods:
        console.text("\n(no pod of the operator runs)")
        return []
    path = f"/api/v1/namespaces/{options.operator_namespace}/pods/{pods[0]}:{_METRICS_PORT}/proxy/metrics"
    console.text(f"\n$ kubectl get --raw {path} | grep ^evenkeel_")
    series = [
        line
        for line in cluster.kubectl("get", "--raw", path, check=False).splitlines()
        if line.startswith("evenkeel_")
    ]
    console.text("\n".join(line for line in series if line.startswith(_SHOWN)))
    return series


def _data_lines(table: str) -> int:
    lines = table.splitlines()
    return len(lines) - 1 if lines and lines[0].startswith("LAST SEEN") else 0
