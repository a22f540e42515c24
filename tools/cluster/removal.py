"""Removes a cluster, whatever state it is in: running, half made, or what a crash left."""

import os
import pathlib
import shutil
import signal
import time

from . import cgroups, network
from .errors import ClusterError
from .layout import folder_of, load, netns_of
from .processes import supervisor_pid

_END_SECONDS = 20.0


def clear(name: str) -> None:
    """Ends every process of the cluster and removes its network, cgroups and files, as far as there are any.

    Whoever holds the lock removes the empty folder. Processes are found by the record of their supervisor and
    by the cluster's own network namespace, never by name.
    """
    folder = folder_of(name)
    layout = load(name)
    supervisor = supervisor_pid(folder)
    if supervisor is not None:
        _end(supervisor)
    if network.is_ours(name):
        _end_strangers(name)
        cgroups.remove(netns_of(name))
        network.remove(name, layout.index if layout else None)
    _remove_files(folder)


def _end(supervisor: int) -> None:
    """Kills the first process of the cluster's process namespace; the kernel ends the others before it."""
    try:
        handle = os.pidfd_open(supervisor)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
    deadline = time.monotonic() + _END_SECONDS
    while _is_alive(supervisor):
        if time.monotonic() > deadline:
            raise ClusterError(f"process {supervisor}, the cluster's supervisor, does not end after SIGKILL")
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _end_strangers(name: str) -> None:
    """Ends what is in the cluster's network and outlived the supervisor, or was just about to become it."""
    deadline = time.monotonic() + _END_SECONDS
    while living := [pid for pid in network.processes_inside(name) if pid != os.getpid()]:
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if time.monotonic() > deadline:
            raise ClusterError(f"processes {living} in the cluster's network do not end after SIGKILL")
        time.sleep(0.02)


def _remove_files(folder: pathlib.Path) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while entries := list(folder.iterdir()):
        try:
            for entry in entries:
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        except OSError as problem:  # Mounts of dead processes go a moment after them.
            if time.monotonic() > deadline:
                raise ClusterError(f"cannot remove {folder}: {problem}") from None
            time.sleep(0.05)
