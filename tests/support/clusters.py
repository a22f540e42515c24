"""What tests of the local clusters share: own names, waiting, and the search for what a cluster left.

Clusters of one test module have a state folder of their own, so that others may stand beside them.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from unittest import mock

from tools.cluster import Cluster, layout
from tools.cluster.processes import processes_of, supervisor_pid
from tools.paths import REPOSITORY

_PREFIX = f"test{os.getpid()}"
_DEADLINE_SECONDS = 60.0


def own_state_folder() -> None:
    """For setUpModule: this module's clusters live in a folder that is removed with them at its end."""
    folder = tempfile.TemporaryDirectory(prefix="ek-", dir="/var/tmp")
    environment = mock.patch.dict(os.environ, {"EVENKEEL_STATE_DIR": folder.name})
    environment.start()

    def end() -> None:
        for name in layout.names():
            Cluster.remove(name)
        environment.stop()
        folder.cleanup()

    unittest.addModuleCleanup(end)


def name_of(suffix: str) -> str:
    return f"{_PREFIX}-{suffix}"


def wait_until(check: Callable[[], object], what: str, seconds: float = _DEADLINE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


def identities(name: str) -> set[tuple[int, str]]:
    """Process id and start time of everything that the cluster runs, pods included."""
    supervisor = supervisor_pid(layout.folder_of(name))
    assert supervisor is not None
    found = set()
    for pid in processes_of(supervisor).values():
        if start := start_of(pid):
            found.add((pid, start))
    return found


def start_of(pid: int) -> str | None:
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def traces(name: str) -> list[str]:
    """Whatever on this machine bears the cluster's name."""
    own, folder = layout.netns_of(name), str(layout.folder_of(name))
    found = [f"file {path}" for path in (folder, f"/run/netns/{own}") if os.path.exists(path)]
    found += [
        f"mount {line}"
        for line in pathlib.Path("/proc/mounts").read_text().splitlines()
        if own in line or folder in line
    ]
    links = json.loads(subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout)
    found += [f"interface {link['ifname']}" for link in links if link.get("ifalias") == own]
    found += [f"cgroup {path}" for path in pathlib.Path("/sys/fs/cgroup").glob(f"*/{own}")]
    found += [f"cgroup {path}" for path in pathlib.Path("/sys/fs/cgroup").glob(own)]
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and folder in (entry / "cmdline").read_text().replace("\0", " "):
                found.append(f"process {entry.name}")
        except OSError:
            continue
    return found


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.cluster", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str]:
    process = command(*arguments)
    return_text = process.communicate()[0]
    return process.returncode, return_text


class LeavesNothing(unittest.TestCase):
    """Adds the check that every test here ends with."""

    def assert_nothing_left(self, name: str, ran: set[tuple[int, str]] = frozenset()) -> None:
        self.assertEqual(traces(name), [])
        self.assertEqual([pid for pid, start in ran if start_of(pid) == start], [])
