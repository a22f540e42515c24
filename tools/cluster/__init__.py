"""Real clusters on one machine: control plane, node with real pods, gateway and Prometheus.

    from tools.cluster import Cluster
    with Cluster.up("demo") as cluster:
        cluster.kubectl("get", "nodes")

Several clusters stand side by side: each has a network namespace, a process namespace and files of its own.
"""

from .cluster import Cluster
from .errors import ClusterError

__all__ = ["Cluster", "ClusterError"]
