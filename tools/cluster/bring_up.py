"""Brings a cluster up, from an empty folder to every server ready."""

import subprocess

from tools.image import PAUSE_IMAGE, build_image
from tools.setup import ensure, ensure_apt

from . import cgroups, certificates, control_plane, dns, gateway, network, node, prometheus
from .api import Api
from .errors import ClusterError
from .layout import Form, Layout, folder_of
from .processes import Process, Processes, launch_supervisor
from .progress import Progress
from .readiness import check_of

_CONTROL_PLANE_SECONDS = 60.0
_READY_SECONDS = 120.0


def prepare(form: Form) -> control_plane.Binaries:
    """Sees to everything that comes from outside; takes long on a machine that has nothing yet."""
    ensure_apt("python", "cluster")
    names = ["etcd", "kube-apiserver", "kubectl", "helm"]
    if form.has_controllers:
        names.append("kube-controller-manager")
    if form.has_scheduler:
        names.append("kube-scheduler")
    if form.kwok:
        names.append("kwok")
    if form.node:
        names += ["kubelet", "kube-proxy", "coredns", "prometheus"]
        build_image("pause")
    if form.has_gateway:
        names += ["contour", "envoy"]
    return ensure(*names)


def bring_up(name: str, form: Form, binaries: control_plane.Binaries, progress: Progress) -> Layout:
    """Starts the cluster; raises ClusterError when it does not come up, and leaves what runs by then."""
    layout = _lay_out(name, form)
    progress.say(f"network {layout.netns} ({layout.address}), certificates")
    processes = Processes(layout.folder)
    certificates.create_all(layout, _clients(form))
    launch_supervisor(layout)
    started = [control_plane.etcd(layout, binaries), control_plane.api_server(layout, binaries)]
    if form.node:
        started.append(node.containerd(layout, PAUSE_IMAGE))
    _start(processes, started)
    processes.wait(
        "the API server is ready",
        check_of("kube-apiserver", layout),
        _CONTROL_PLANE_SECONDS,
        ["etcd", "kube-apiserver"],
    )
    progress.say("API server ready")
    api = Api(layout)
    later = _controllers(layout, binaries, api)
    if form.node:
        later += _node(layout, binaries, api)
    _start(processes, later)
    _define(api, processes, form)
    if form.has_gateway:
        progress.say("Gateway API and Contour's kinds installed")
        gates = [gateway.contour(layout, binaries), gateway.envoy(layout, binaries)]
        _start(processes, gates)
        later += gates
    if form.node:
        processes.wait("containerd is ready", check_of("containerd", layout), _READY_SECONDS, ["containerd"])
        import_image(layout, str(build_image("pause").archive))
        progress.say("containerd ready, pause image imported")
    for process in later:
        processes.wait(
            f"{process.name} is ready", check_of(process.name, layout), _READY_SECONDS, [process.name]
        )
        progress.say(f"{process.name} ready")
    return layout


def import_image(layout: Layout, archive: str) -> None:
    """Gives the node an image from an archive, under the names that the archive has for it."""
    command = [
        "ctr",
        "--address",
        str(layout.containerd_socket),
        "--namespace",
        "k8s.io",
        "images",
        "import",
        archive,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"the node cannot import {archive}: {done.stderr.strip()[-600:]}")


def _lay_out(name: str, form: Form) -> Layout:
    folder = folder_of(name)
    for part in ("logs", "config"):
        (folder / part).mkdir(parents=True)
    layout = network.create(name, form)
    layout.save()
    if form.node:
        cgroups.create(layout.cgroup)
    return layout


def _clients(form: Form) -> list[str]:
    """The users of the API server, besides the administrator, that this form of cluster has."""
    names = ["api-server-to-kubelet"]
    if form.has_controllers:
        names.append("kube-controller-manager")
    if form.has_scheduler:
        names.append("kube-scheduler")
    if form.kwok:
        names.append("kwok")
    if form.node:
        names += ["kubelet", "kube-proxy", "coredns", "prometheus"]
    if form.has_gateway:
        names.append("contour")
    return names


def _controllers(layout: Layout, binaries: control_plane.Binaries, api: Api) -> list[Process]:
    found = []
    if layout.form.has_controllers:
        found.append(control_plane.controller_manager(layout, binaries))
    if layout.form.has_scheduler:
        found.append(control_plane.scheduler(layout, binaries))
    if layout.form.kwok:
        api.apply([control_plane.kwok_node(node.NAME)])
        found.append(control_plane.kwok(layout, binaries))
    return found


def _node(layout: Layout, binaries: control_plane.Binaries, api: Api) -> list[Process]:
    api.apply([*dns.objects(layout), *prometheus.objects(layout)])
    return [
        node.kubelet(layout, binaries),
        node.kube_proxy(layout, binaries),
        dns.coredns(layout, binaries),
        prometheus.prometheus(layout, binaries),
    ]


def _define(api: Api, processes: Processes, form: Form) -> None:
    """Teaches the API server the kinds that are not its own, and waits until every client can see them."""
    objects = gateway.definitions() if form.has_gateway_api else []
    if form.has_gateway:
        objects += gateway.objects()
    api.apply(objects)
    crds = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    if crds:
        processes.wait(
            "the API server serves the new kinds",
            lambda: api.serves(crds),
            _READY_SECONDS,
            ["kube-apiserver"],
        )
    if form.has_gateway:
        api.apply(gateway.gateway())


def _start(processes: Processes, wanted: list[Process]) -> None:
    for process in wanted:
        processes.start(process)
