"""Where a cluster keeps its files and which addresses it has: the one place that knows."""

import dataclasses
import json
import pathlib
import re

from tools.paths import state_dir

from .errors import ClusterError

INDEX_LIMIT = 200
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
_LONGEST_SOCKET = "containerd.sock.ttrpc"
_SOCKET_PATH_LIMIT = 107


@dataclasses.dataclass(frozen=True)
class Form:
    """What a cluster consists of. Its API server is always there."""

    node: bool = True  # kubelet with real pods, kube-proxy, cluster DNS, Prometheus
    gateway: bool = True  # Contour and Envoy; only with a node
    audit: bool = False  # the API server logs every request, level Metadata
    kwok: bool = False  # without a node: pods that only the API server sees
    controllers: bool = False  # without a node: the controller manager
    gateway_api: bool = False  # CRDs of the Gateway API also without a gateway

    @property
    def has_gateway(self) -> bool:
        return self.node and self.gateway

    @property
    def has_gateway_api(self) -> bool:
        return self.has_gateway or self.gateway_api

    @property
    def has_controllers(self) -> bool:
        return self.node or self.kwok or self.controllers

    @property
    def has_scheduler(self) -> bool:
        return self.node or self.kwok

    def check(self) -> None:
        """Raises ClusterError for a combination that makes no sense."""
        if self.node and self.kwok:
            raise ClusterError("kwok stands in for a node: ask for it together with --no-node (node=False)")


@dataclasses.dataclass(frozen=True)
class Layout:
    """One cluster: its name, its number on this machine, and everything that follows from the two."""

    name: str
    index: int
    form: Form

    @property
    def folder(self) -> pathlib.Path:
        return folder_of(self.name)

    @property
    def pki(self) -> pathlib.Path:
        return self.folder / "pki"

    @property
    def config(self) -> pathlib.Path:
        return self.folder / "config"

    @property
    def logs(self) -> pathlib.Path:
        return self.folder / "logs"

    @property
    def kubeconfig(self) -> pathlib.Path:
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> pathlib.Path:
        return self.logs / "audit.log"

    @property
    def containerd_socket(self) -> pathlib.Path:
        return self.folder / "containerd.sock"

    @property
    def netns(self) -> str:
        return netns_of(self.name)

    @property
    def cgroup(self) -> str:
        return netns_of(self.name)

    @property
    def host_interface(self) -> str:
        return f"evenkeel{self.index}"

    @property
    def host_address(self) -> str:
        return f"10.200.{self.index}.1"

    @property
    def address(self) -> str:
        """Address of every server of the cluster, reachable from the machine and from pods."""
        return f"10.200.{self.index}.2"

    @property
    def pod_network(self) -> str:
        return f"10.201.{self.index}.0/24"

    @property
    def service_network(self) -> str:
        return f"10.202.{self.index}.0/24"

    @property
    def kubernetes_address(self) -> str:
        return f"10.202.{self.index}.1"

    @property
    def dns_address(self) -> str:
        return f"10.202.{self.index}.10"

    @property
    def api_url(self) -> str:
        return f"https://{self.address}:6443"

    @property
    def gateway_url(self) -> str:
        return f"http://{self.address}:8080"

    @property
    def prometheus_url(self) -> str:
        return f"http://{self.address}:9090"

    def save(self) -> None:
        record = {"name": self.name, "index": self.index, "form": dataclasses.asdict(self.form)}
        (self.folder / "layout.json").write_text(json.dumps(record))


def folder_of(name: str) -> pathlib.Path:
    """Folder of all files of a cluster; raises ClusterError when the name cannot be one."""
    if not _NAME.fullmatch(name):
        raise ClusterError(
            f"name {name!r}: a cluster's name has 1 to 30 lower-case letters, digits and dashes, starts with "
            "a letter and ends with a letter or a digit"
        )
    folder = state_dir() / name
    if len(str(folder / _LONGEST_SOCKET)) > _SOCKET_PATH_LIMIT:
        raise ClusterError(
            f"{folder} is too long for the sockets in it: set EVENKEEL_STATE_DIR to a shorter path "
            f"(at most {_SOCKET_PATH_LIMIT - len(_LONGEST_SOCKET) - len(name) - 2} characters)"
        )
    return folder


def netns_of(name: str) -> str:
    """Name of the network namespace, and of the cgroup of pods, of the cluster of that name."""
    return f"evenkeel-{name}"


def load(name: str) -> Layout | None:
    """The recorded cluster of that name, or None when there is no complete record."""
    try:
        record = json.loads((folder_of(name) / "layout.json").read_text())
        return Layout(record["name"], record["index"], Form(**record["form"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def names() -> list[str]:
    """Names of all clusters that have a folder, complete or not."""
    try:
        return sorted(entry.name for entry in state_dir().iterdir() if _NAME.fullmatch(entry.name))
    except FileNotFoundError:
        return []
