"""Cluster DNS: CoreDNS as a plain process, published as the Service kube-dns."""

from .api import grant, published
from .certificates import kubeconfig_of
from .control_plane import Binaries
from .layout import Layout
from .processes import Process


def coredns(layout: Layout, binaries: Binaries) -> Process:
    config = layout.config / "Corefile"
    # Names outside of the cluster do not exist here; saying so at once spares resolvers their timeouts.
    config.write_text(f"""cluster.local:53 in-addr.arpa:53 {{
  bind {layout.address}
  errors
  ready {layout.address}:8181
  kubernetes {{
    kubeconfig {kubeconfig_of(layout, "coredns")} {layout.netns}
    ttl 1
  }}
}}
.:53 {{
  bind {layout.address}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
""")
    return Process("coredns", [binaries["coredns"], "-conf", config])


def ready_url(layout: Layout) -> str:
    return f"http://{layout.address}:8181/ready"


def objects(layout: Layout) -> list[dict]:
    """What the API server must hold for cluster DNS."""
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    return [
        *grant("coredns", rules),
        *published("kube-dns", "kube-system", layout.address, ports, cluster_ip=layout.dns_address),
    ]
