"""The cgroup below which the kubelet keeps its pods, in every hierarchy that the machine has."""

import os
import pathlib
import time

from .errors import ClusterError

_REMOVE_SECONDS = 10.0


def create(name: str) -> None:
    """Makes the cgroup; on a machine with cgroup v2 with every controller that the kubelet asks for."""
    for root in _hierarchies():
        if (root / "cgroup.controllers").exists():
            _enable_controllers(root)
        try:
            (root / name).mkdir(exist_ok=True)
        except OSError as problem:
            raise ClusterError(
                f"cannot make the cgroup {root / name}: {problem.strerror}. The kubelet needs a "
                "machine, or a container, whose root may write to /sys/fs/cgroup"
            ) from None


def remove(name: str) -> None:
    """Removes the cgroup and everything below it; its processes must have ended."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    for root in _hierarchies():
        for folder, _, _ in os.walk(root / name, topdown=False):
            while not _removed(folder):
                if time.monotonic() > deadline:
                    raise ClusterError(f"the cgroup {folder} still has processes: {_members(folder)}")
                time.sleep(0.02)


def _hierarchies() -> list[pathlib.Path]:
    mounts = (line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines())
    return [pathlib.Path(fields[1]) for fields in mounts if fields[2] in ("cgroup", "cgroup2")]


def _enable_controllers(root: pathlib.Path) -> None:
    for controller in (root / "cgroup.controllers").read_text().split():
        try:
            (root / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            pass  # One that cannot be delegated; the kubelet names it if it needs it.


def _removed(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _members(folder: str) -> str:
    try:
        return (pathlib.Path(folder) / "cgroup.procs").read_text().replace("\n", " ")
    except OSError:
        return "unknown"
