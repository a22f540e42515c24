"""The network of a cluster: a namespace of its own, joined to the machine's by one pair of interfaces."""

import contextlib
import ipaddress
import json
import os
import pathlib
import signal
import subprocess
from collections.abc import Iterator

from tools.paths import state_dir

from .errors import ClusterError
from .layout import INDEX_LIMIT, Form, Layout, folder_of, netns_of

_NAMESPACES = pathlib.Path("/run/netns")
_OWNED = "owns-network"  # Marks in the cluster's folder that the namespace of its name is its own.


def create(name: str, form: Form) -> Layout:
    """Makes the namespace and its interfaces; the number of the cluster is the first free one.

    Making the machine's end of the pair decides who has a number: the kernel gives a name to one caller only.
    """
    with _signals_wait():
        _create_namespace(name)
    taken = _networks_in_use()
    for index in range(INDEX_LIMIT):
        layout = Layout(name, index, form)
        wanted = [layout.host_address, layout.pod_network, layout.service_network]
        if any(ipaddress.ip_network(w).overlaps(t) for w in wanted for t in taken):
            continue
        if _create_pair(layout):
            _configure(layout)
            return layout
    raise ClusterError(
        f"all {INDEX_LIMIT} networks 10.200.<n>.0/24 are in use: remove clusters with "
        "`python3 -m tools.cluster down --all`"
    )


def remove(name: str, index: int | None) -> None:
    """Removes what create() made; does nothing where there is nothing."""
    if (
        index is not None
        and pathlib.Path(f"/sys/class/net/evenkeel{index}").exists()
        and _is_ours(name, index)
    ):
        _call("ip", "link", "delete", f"evenkeel{index}")
    handle = _NAMESPACES / netns_of(name)
    if handle.exists():
        _call("umount", "--lazy", str(handle))
        handle.unlink(missing_ok=True)


def is_ours(name: str) -> bool:
    """Whether create() of this state folder made the namespace of that name."""
    return (folder_of(name) / _OWNED).exists()


def remove_orphan(name: str) -> bool:
    """Removes a namespace that nobody has a record of, unless it is in use. False when there is none."""
    if not (_NAMESPACES / netns_of(name)).exists():
        return False
    if inside := processes_inside(name):
        raise ClusterError(
            f"network namespace {netns_of(name)} has no record in {state_dir()} but processes "
            f"{' '.join(map(str, inside[:20]))}: it belongs to another EVENKEEL_STATE_DIR, or the record was "
            "deleted; in the second case end them with `kill -9` and repeat this"
        )
    remove(name, None)
    return True


def processes_inside(name: str) -> list[int]:
    """Ids of the processes whose network namespace is the cluster's own."""
    try:
        wanted = os.stat(_NAMESPACES / netns_of(name))
    except FileNotFoundError:
        return []
    if wanted.st_dev == os.stat(_NAMESPACES).st_dev:
        return []  # A plain file: the namespace was never attached to it.
    inside = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            found = os.stat(entry / "ns" / "net")
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            inside.append(int(entry.name))
    return inside


def _create_namespace(name: str) -> None:
    handle = _NAMESPACES / netns_of(name)
    _NAMESPACES.mkdir(mode=0o755, exist_ok=True)
    try:
        handle.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise ClusterError(
            f"network namespace {handle.name} exists already: a cluster {name!r} of another "
            "EVENKEEL_STATE_DIR, or what is left of one. Take another name, or remove it with "
            f"`python3 -m tools.cluster down --name {name}`"
        ) from None
    (folder_of(name) / _OWNED).touch()
    # Not `ip netns add`: it would leave a mount on /run/netns behind for good.
    _run("unshare", f"--net={handle}", "true")


def _networks_in_use() -> list[ipaddress.IPv4Network]:
    routes = json.loads(_run("ip", "-json", "-4", "route", "show", "table", "main") or "[]")
    return [ipaddress.ip_network(r["dst"], strict=False) for r in routes if r["dst"] != "default"]


def _create_pair(layout: Layout) -> bool:
    host, inside = layout.host_interface, layout.netns
    made = _call("ip", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", inside)
    if made.returncode == 0:
        return True
    if "File exists" in made.stderr:
        return False
    raise ClusterError(
        f"cannot make the interface {layout.host_interface}: {made.stderr.strip()}. "
        "The cluster needs root with CAP_NET_ADMIN and a kernel with veth"
    )


def _configure(layout: Layout) -> None:
    name, host = layout.netns, layout.host_interface
    _run("ip", "address", "add", f"{layout.host_address}/24", "dev", host)
    _run("ip", "link", "set", host, "alias", name, "up")
    _run("ip", "-netns", name, "address", "add", f"{layout.address}/24", "dev", "eth0")
    _run("ip", "-netns", name, "link", "set", "eth0", "up")
    _run("ip", "-netns", name, "link", "set", "lo", "up")
    # Service addresses need a route before kube-proxy can turn them into pods; nothing else leads out.
    _run("ip", "-netns", name, "route", "add", layout.service_network, "via", layout.host_address)
    for network in (layout.pod_network, layout.service_network):
        _run("ip", "route", "add", network, "via", layout.address)
    _run("nsenter", f"--net={_NAMESPACES / name}", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def _is_ours(name: str, index: int) -> bool:
    alias = pathlib.Path(f"/sys/class/net/evenkeel{index}/ifalias").read_text().strip()
    return alias in ("", netns_of(name))


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Holds back what interrupts: a half-made namespace is removed only once all of it is there."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    # A command whose start was interrupted would go on by itself, beside the removal of what it makes.
    with _signals_wait():
        return subprocess.run(command, capture_output=True, text=True, check=False)


def _run(*command: str) -> str:
    done = _call(*command)
    if done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}. "
            "Local clusters need root and network namespaces"
        )
    return done.stdout
