"""The node: containerd, kubelet and kube-proxy, which run real pods in the cluster's network namespace."""

import json
import pathlib
import shutil
import socket

from .certificates import kubeconfig_of
from .control_plane import Binaries
from .errors import ClusterError
from .layout import Layout
from .processes import Process

NAME = "node"
_CNI_PLUGINS = pathlib.Path("/usr/lib/cni")


def containerd(layout: Layout, pause_image: str) -> Process:
    program = shutil.which("containerd", path="/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if not program or not (_CNI_PLUGINS / "ptp").exists():
        raise ClusterError(
            "containerd or the CNI plugins are missing: "
            "`apt-get install containerd runc containernetworking-plugins`"
        )
    networks = layout.config / "cni"
    networks.mkdir()
    (networks / "10-pods.conflist").write_text(json.dumps(_pod_network(layout)))
    config = layout.config / "containerd.toml"
    config.write_text(f"""version = 2
root = "{layout.folder}/containerd/root"
state = "{layout.folder}/containerd/state"
[grpc]
  address = "{layout.containerd_socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause_image}"
  stream_server_address = "127.0.0.1"
  # Where the machine withholds CAP_SYS_RESOURCE nobody may lower an oom_score_adj, and no pod would start.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{_CNI_PLUGINS}"
  conf_dir = "{networks}"
""")
    return Process("containerd", [program, "--config", config])


def containerd_is_ready(layout: Layout) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(layout.containerd_socket))
        except OSError:
            return False
    return True


def kubelet(layout: Layout, binaries: Binaries) -> Process:
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{layout.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{layout.pki}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{layout.pki}/kubelet-server.key",
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDNS": [layout.dns_address],
        "clusterDomain": "cluster.local",
        "resolvConf": "/dev/null",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "oomScoreAdj": 0,
        # The machine may be nearly full or small: that is no reason to evict a test.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(layout.logs / "pods"),
        "shutdownGracePeriod": "0s",
    }
    path = layout.config / "kubelet.json"
    path.write_text(json.dumps(config, indent=1))
    return Process(
        "kubelet",
        [
            binaries["kubelet"],
            f"--config={path}",
            f"--kubeconfig={kubeconfig_of(layout, 'kubelet')}",
            f"--hostname-override={NAME}",
            f"--node-ip={layout.address}",
            f"--root-dir={layout.folder}/kubelet",
        ],
    )


def kube_proxy(layout: Layout, binaries: Binaries) -> Process:
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "bindAddress": layout.address,
        "healthzBindAddress": f"{layout.address}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "hostnameOverride": NAME,
        "clientConnection": {"kubeconfig": str(kubeconfig_of(layout, "kube-proxy"))},
        "detectLocalMode": "ClusterCIDR",
        "clusterCIDR": layout.pod_network,
        # Connection tracking limits belong to the whole machine: 0 leaves them alone.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "nftables": {"minSyncPeriod": "100ms"},
    }
    path = layout.config / "kube-proxy.json"
    path.write_text(json.dumps(config, indent=1))
    return Process("kube-proxy", [binaries["kube-proxy"], f"--config={path}"])


def _pod_network(layout: Layout) -> dict:
    # Point to point, not a bridge: between two pods of a bridge, answers would bypass the translation of
    # Service addresses wherever the kernel lacks br_netfilter.
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": f"{layout.folder}/cni",
                    "ranges": [[{"subnet": layout.pod_network}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
