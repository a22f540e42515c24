"""The processes of a cluster: its supervisor, and what the supervisor runs."""

import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from tools.paths import cache_dir

from .errors import ClusterError
from .layout import Layout

_POLL_SECONDS = 0.03
_KILL_SECONDS = 10.0
_LOG_LINES = 15


@dataclasses.dataclass(frozen=True)
class Process:
    """One server of the cluster: a name, which is also that of its log, and its command."""

    name: str
    argv: Sequence[object]


class Processes:
    """Talks to the supervisor of one cluster. Safe to use from several processes at once."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def start(self, process: Process) -> None:
        self._ask({"do": "start", "name": process.name, "argv": [str(word) for word in process.argv]})

    def start_again(self, name: str) -> None:
        """Starts a process that was stopped, with the command it had."""
        self._ask({"do": "start", "name": name})

    def kill(self, name: str) -> None:
        """Ends a process as a crash does; returns when it is gone."""
        self._ask({"do": "signal", "name": name, "signal": int(signal.SIGKILL)})
        deadline = time.monotonic() + _KILL_SECONDS
        while self.states()[name]["running"]:
            if time.monotonic() > deadline:
                raise ClusterError(f"{name} does not end after SIGKILL")
            time.sleep(_POLL_SECONDS)

    def states(self) -> dict[str, dict]:
        """By name: {"running": bool, "pid": id within the cluster or None, "code": exit code or None}."""
        return self._ask({"do": "list"})

    def wait(self, what: str, check: Callable[[], bool], seconds: float, needs: Iterable[str] = ()) -> None:
        """Returns when check() is true.

        Raises ClusterError with the tail of a log when one of the processes that it needs has ended, or when
        the time is over.
        """
        deadline = time.monotonic() + seconds
        needs = list(needs)
        while not check():
            states = self.states() if needs else {}
            for name in needs:
                if not states.get(name, {}).get("running"):
                    code = states.get(name, {}).get("code")
                    raise ClusterError(
                        f"{name} ended with code {code}; waited until {what}. Its last lines say why; mend "
                        f"that and start again\n{self.log_tail(name)}"
                    )
            if time.monotonic() > deadline:
                tails = "\n".join(self.log_tail(name) for name in needs)
                raise ClusterError(
                    f"waited {seconds:.0f} s in vain until {what}. The load is {os.getloadavg()[0]:.1f} "
                    f"on {os.cpu_count()} CPUs: where it is far above, try again with less beside it\n{tails}"
                )
            time.sleep(_POLL_SECONDS)

    def log_tail(self, name: str) -> str:
        """The last lines of a log, with its path."""
        path = self._folder / "logs" / f"{name}.log"
        try:
            lines = path.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        except OSError:
            lines = ["(no log)"]
        return "\n".join([f"  the end of {path}:", *(f"    {line[:400]}" for line in lines)])

    def _ask(self, request: dict) -> dict[str, dict]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(self._folder / "control.sock"))
                connection.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(connection.makefile("r").readline() or '{"error": "it ended"}')
        except OSError as problem:
            raise ClusterError(
                f"the supervisor of cluster {self._folder.name} does not answer ({problem}): "
                f"remove the rest with `python3 -m tools.cluster down --name {self._folder.name}`"
            ) from None
        if "error" in answer:
            subject = request.get("name", self._folder.name)
            raise ClusterError(f"cannot {request['do']} {subject}: {answer['error']}")
        return answer["processes"]


def launch_supervisor(layout: Layout) -> None:
    """Starts the supervisor, detached from us; returns when it answers."""
    log = layout.logs / "supervisor.log"
    script = pathlib.Path(__file__).with_name("supervisor.py")
    command = [
        "setsid",
        "--fork",
        "nsenter",
        f"--net=/run/netns/{layout.netns}",
        "unshare",
        "--mount",
        "--propagation=private",
        "--pid",
        "--fork",
        "--kill-child",
        sys.executable,
        "-I",
        "-S",
        str(script),
        str(layout.folder),
        str(cache_dir()),
    ]
    with log.open("wb") as output:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            check=True,
            close_fds=True,
        )
    control = layout.folder / "control.sock"
    Processes(layout.folder).wait(f"the supervisor answers (see {log})", control.exists, seconds=15)


def supervisor_pid(folder: pathlib.Path) -> int | None:
    """Process id of the recorded supervisor, or None when it does not run any more."""
    try:
        record = json.loads((folder / "supervisor.json").read_text())
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        stat = pathlib.Path(f"/proc/{record['pid']}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError, KeyError):
        return None
    is_same = record["boot"] == boot and record["start"] == stat[19]
    return record["pid"] if is_same and stat[0] not in "ZX" else None


def processes_of(supervisor: int) -> dict[int, int]:
    """Every process of the cluster, pods included: id as the cluster numbers it -> id on the machine.

    They all descend from the supervisor: whoever loses its parent becomes the supervisor's child.
    """
    children: dict[int, list[int]] = {}
    own_ids: dict[int, int] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
        except OSError:
            continue
        ids = [int(number) for number in status["NSpid"].split()]
        own_ids[ids[0]] = ids[min(1, len(ids) - 1)]
        children.setdefault(int(status["PPid"]), []).append(ids[0])
    found, unseen = {}, [supervisor]
    while unseen:
        pid = unseen.pop()
        found[own_ids.get(pid, 1)] = pid
        unseen += children.get(pid, [])
    return found
