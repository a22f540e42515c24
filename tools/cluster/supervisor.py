"""First process of a cluster: gives it a private view of the machine, then starts and reaps its processes.

Runs as process 1 of a process namespace and in a mount namespace of its own. So its death, however it comes,
ends every process, container and mount of the cluster: the kernel sees to it, no list of ours can miss one.
It lives as long as the cluster because Envoy dies with the process that started it.

Called by path (`supervisor.py FOLDER KEEP...`) and imports nothing of the project, so that it starts at once.
KEEP are folders that must stay visible although they may lie below /run, /var/lib or /var/log.

One request a connection on FOLDER/control.sock, one JSON object a line:
  {"do": "start", "name": N, "argv": [...]}   starts N; without argv as it was started before
  {"do": "signal", "name": N, "signal": 9}    sends a signal to N
  {"do": "list"}                              nothing more
The answer is {"processes": {N: {"pid", "running", "code"}}}, with ids as the cluster counts, or {"error"}.
"""

import ctypes
import json
import os
import pathlib
import selectors
import signal
import socket
import sys

_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_SHARED = 0x1000, 0x4000, 0x40000, 0x100000
_MNT_DETACH = 2
_COVERED = ("/run", "/var/lib", "/var/log")
# What the kubelet wants to find; it would change the machine's own settings otherwise.
_KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    folder, keep = pathlib.Path(sys.argv[1]), [pathlib.Path(path) for path in sys.argv[2:]]
    _record_identity(folder)
    _make_private_view([folder, *keep])
    Supervisor(folder).run()


class Supervisor:
    """Starts processes on request and collects the dead ones. One thread."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._argv: dict[str, list[str]] = {}
        self._running: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._environment = _ENVIRONMENT | {"HOME": str(folder)}

    def run(self) -> None:
        """Serves until it is killed: SIGTERM and SIGINT end it, and with it the cluster."""
        wake_reader, wake_writer = socket.socketpair()
        wake_reader.setblocking(False)
        wake_writer.setblocking(False)
        signal.set_wakeup_fd(wake_writer.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: sys.exit(0))
        control = self._folder / "control.sock"
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"{control}.new")
        server.listen(16)
        os.rename(f"{control}.new", control)
        selector = selectors.DefaultSelector()
        selector.register(wake_reader, selectors.EVENT_READ)
        selector.register(server, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    self._serve(server.accept()[0])
                else:
                    wake_reader.recv(4096)
                self._reap()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                request = json.loads(connection.makefile("r").readline())
                self._reap()
                answer = self._carry_out(request)
            except (OSError, ValueError, KeyError, TypeError) as problem:
                answer = {"error": f"{type(problem).__name__}: {problem}"}
            try:
                connection.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                pass  # Whoever asked is gone.

    def _carry_out(self, request: dict) -> dict:
        if request["do"] == "start":
            self._start(request["name"], request.get("argv"))
        elif request["do"] == "signal":
            if request["name"] not in self._running:
                return {"error": f"{request['name']} is not running"}
            os.kill(self._running[request["name"]], request["signal"])
        elif request["do"] != "list":
            return {"error": f"unknown request {request['do']!r}"}
        return {"processes": {name: self._describe(name) for name in self._argv}}

    def _describe(self, name: str) -> dict:
        return {
            "pid": self._running.get(name),
            "running": name in self._running,
            "code": self._codes.get(name),
        }

    def _start(self, name: str, argv: list[str] | None) -> None:
        if name in self._running:
            raise ValueError(f"{name} is running already")
        argv = argv or self._argv[name]
        log = str(self._folder / "logs" / f"{name}.log")
        files = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        defaults = [signal.SIGPIPE, signal.SIGINT, signal.SIGTERM]
        self._running[name] = os.posix_spawn(
            argv[0], argv, self._environment, file_actions=files, setsid=True, setsigdef=defaults
        )
        self._argv[name] = argv
        self._codes.pop(name, None)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name, running in list(self._running.items()):
                if running == pid:
                    del self._running[name]
                    self._codes[name] = os.waitstatus_to_exitcode(status)


def _record_identity(folder: pathlib.Path) -> None:
    """Writes the process id that the machine knows us by, and what tells us from a later one of that id."""
    pid = int(os.readlink("/proc/self"))  # /proc is still the machine's.
    record = {
        "pid": pid,
        "start": pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19],
        "boot": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    }
    fresh = folder / "supervisor.json.new"
    fresh.write_text(json.dumps(record))
    fresh.rename(folder / "supervisor.json")


def _make_private_view(keep: list[pathlib.Path]) -> None:
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    # Our copies of other namespaces' handles would keep those alive after their owner removed them.
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        where = line.split()[4]
        if where.startswith("/run/netns/") or where.startswith("/var/run/netns/"):
            _libc.umount2(where.encode(), _MNT_DETACH)
    _mount("proc", "/proc", "proc", 0)
    # containerd, CNI and the kubelet have fixed paths below these; two clusters must not meet there.
    for covered in _COVERED:
        kept = [(path, os.open(path, os.O_PATH)) for path in keep if path.resolve().is_relative_to(covered)]
        _mount("tmpfs", covered, "tmpfs", 0, "mode=755")
        for path, handle in kept:
            path.mkdir(parents=True, exist_ok=True)
            _mount(f"/proc/self/fd/{handle}", str(path), None, _MS_BIND | _MS_REC)
            os.close(handle)
    for setting, value in _KERNEL_SETTINGS.items():
        stand_in = pathlib.Path("/run/sysctl") / setting
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(f"{value}\n")
        _mount(str(stand_in), f"/proc/sys/{setting}", None, _MS_BIND)
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    _mount(None, "/", None, _MS_REC | _MS_SHARED)  # Containers may ask for mounts that propagate.


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    def text(value: str | None) -> bytes | None:
        return value.encode() if value is not None else None

    if _libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(data)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount on {target}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
