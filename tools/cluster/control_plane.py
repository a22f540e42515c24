"""etcd, the API server and what decides: controllers, scheduler, and kwok, which stands in for nodes."""

import json
import pathlib
from collections.abc import Mapping

from .certificates import kubeconfig_of
from .layout import Layout
from .processes import Process

Binaries = Mapping[str, pathlib.Path]
# The usual limits, 20 and 50 requests a second, make starting take twice as long.
_FAST = ("--kube-api-qps=300", "--kube-api-burst=600")


def etcd(layout: Layout, binaries: Binaries) -> Process:
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return Process(
        "etcd",
        [
            binaries["etcd"],
            "--data-dir",
            layout.folder / "etcd",
            "--unsafe-no-fsync",
            "--name",
            "etcd",
            "--listen-client-urls",
            client,
            "--advertise-client-urls",
            client,
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            f"etcd={peer}",
            "--log-level",
            "warn",
        ],
    )


def api_server(layout: Layout, binaries: Binaries) -> Process:
    pki = layout.pki
    argv = [
        binaries["kube-apiserver"],
        "--etcd-servers=http://127.0.0.1:2379",
        "--secure-port=6443",
        f"--bind-address={layout.address}",
        f"--advertise-address={layout.address}",
        f"--service-cluster-ip-range={layout.service_network}",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/kube-apiserver.crt",
        f"--tls-private-key-file={pki}/kube-apiserver.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-account.key",
        f"--service-account-signing-key-file={pki}/service-account.key",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/api-server-to-kubelet.crt",
        f"--kubelet-client-key={pki}/api-server-to-kubelet.key",
        "--shutdown-delay-duration=0s",
    ]
    if layout.form.audit:
        policy = layout.config / "audit.json"
        policy.write_text(
            json.dumps(
                {
                    "apiVersion": "audit.k8s.io/v1",
                    "kind": "Policy",
                    "omitStages": ["RequestReceived"],
                    "rules": [{"level": "Metadata"}],
                }
            )
        )
        argv += [f"--audit-policy-file={policy}", f"--audit-log-path={layout.audit_log}"]
    return Process("kube-apiserver", argv)


def controller_manager(layout: Layout, binaries: Binaries) -> Process:
    kubeconfig = kubeconfig_of(layout, "kube-controller-manager")
    return Process(
        "kube-controller-manager",
        [
            binaries["kube-controller-manager"],
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--authentication-skip-lookup",
            *_FAST,
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--root-ca-file={layout.pki}/ca.crt",
            f"--service-account-private-key-file={layout.pki}/service-account.key",
        ],
    )


def scheduler(layout: Layout, binaries: Binaries) -> Process:
    kubeconfig = kubeconfig_of(layout, "kube-scheduler")
    return Process(
        "kube-scheduler",
        [
            binaries["kube-scheduler"],
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--authentication-skip-lookup",
            *_FAST,
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ],
    )


def kwok(layout: Layout, binaries: Binaries) -> Process:
    return Process(
        "kwok",
        [
            binaries["kwok"],
            f"--kubeconfig={kubeconfig_of(layout, 'kwok')}",
            "--manage-all-nodes=true",
            f"--cidr={layout.pod_network}",
            f"--node-ip={layout.address}",
            "--config=/dev/null",
        ],
    )


def kwok_node(name: str) -> dict:
    """The object that kwok keeps alive as a node with room for many pods."""
    room = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"type": "kwok"}},
        "status": {"capacity": room, "allocatable": room},
    }
