"""A local cluster, as tests and tools see it."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.setup import ensure

from . import bring_up, network, removal
from .errors import ClusterError
from .layout import Form, Layout, folder_of, load, names
from .locking import locked
from .processes import Processes, supervisor_pid
from .progress import Progress
from .readiness import check_of

if TYPE_CHECKING:
    from tools.image import Image

_READY_SECONDS = 60.0


class Cluster:
    """A running cluster. Attributes do not change while it runs; every method may raise ClusterError.

    As a context manager it is removed at the end.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._processes = Processes(layout.folder)

    @classmethod
    def up(
        cls,
        name: str,
        *,
        node: bool = True,
        gateway: bool = True,
        audit: bool = False,
        kwok: bool = False,
        controllers: bool = False,
        gateway_api: bool = False,
        quiet: bool = False,
    ) -> "Cluster":
        """The cluster of that name with every server ready, started unless it runs already.

        Of one that runs, ended servers are started again.

        With node=False there is only etcd and the API server; `kwok` adds controllers, a scheduler and pods
        that exist in the API only, `controllers` only the controller manager, `gateway_api` the Gateway API's
        CRDs. A cluster that does not come up, or whose start is interrupted, is removed again.
        """
        form = Form(node, gateway and node, audit, kwok, controllers, gateway_api)
        form.check()
        folder_of(name)
        _demand_root()
        progress = Progress(name, quiet)
        binaries = bring_up.prepare(form)
        with locked(name):
            standing = _standing(name)
            if standing and standing.form == form:
                progress.say("is up already")
                cluster = cls(standing)
                cluster._start_the_ended()
                return cluster
            if standing:
                raise ClusterError(
                    f"cluster {name} is up in another form ({_describe(standing.form)}; asked for: "
                    f"{_describe(form)}): `python3 -m tools.cluster down --name {name}` first, or take "
                    "another name"
                )
            with _removed_on_failure(name, progress):
                if any(folder_of(name).iterdir()):
                    progress.say("removing what an earlier start left")
                    removal.clear(name)
                layout = bring_up.bring_up(name, form, binaries, progress)
                (layout.folder / "ready").touch()
        progress.say(f"up after {progress.seconds:.1f} s")
        return cls(layout)

    @classmethod
    def attach(cls, name: str) -> "Cluster":
        """The running cluster of that name."""
        layout = _standing(name)
        if layout is None:
            running = [other for other in names() if _standing(other)]
            raise ClusterError(
                f"no cluster {name} is up (up: {', '.join(running) or 'none'}): "
                f"start it with `python3 -m tools.cluster up --name {name}`"
            )
        return cls(layout)

    @classmethod
    def remove(cls, name: str) -> bool:
        """Removes the cluster of that name, whatever state it is in. False when there is none."""
        if not folder_of(name).exists():
            return network.remove_orphan(name)
        _demand_root()
        with locked(name), _uninterrupted():
            removal.clear(name)
        return True

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def down(self) -> None:
        """Removes the cluster; does nothing when it is gone."""
        self.remove(self.name)

    @property
    def name(self) -> str:
        return self._layout.name

    @property
    def form(self) -> Form:
        return self._layout.form

    @property
    def kubeconfig(self) -> pathlib.Path:
        """Credentials of the cluster's administrator."""
        return self._layout.kubeconfig

    @property
    def netns(self) -> str:
        """Network namespace of the servers and of the node; /run/netns/<netns>."""
        return self._layout.netns

    @property
    def address(self) -> str:
        """Address of the servers, reachable from the machine and from pods."""
        return self._layout.address

    @property
    def api_url(self) -> str:
        return self._layout.api_url

    @property
    def gateway_url(self) -> str:
        """Where requests go in; reachable from the machine."""
        return self._layout.gateway_url

    @property
    def prometheus_url(self) -> str:
        """Prometheus' address for the machine; pods may use http://prometheus.monitoring.svc:9090 too."""
        return self._layout.prometheus_url

    @property
    def audit_log(self) -> pathlib.Path:
        """One JSON object a line for every request to the API server."""
        if not self._layout.form.audit:
            raise ClusterError(f"cluster {self.name} keeps no audit log: start it with audit=True (--audit)")
        return self._layout.audit_log

    def log(self, process: str) -> pathlib.Path:
        """The log of one server of the cluster."""
        return self._layout.logs / f"{process}.log"

    def environment(self) -> dict[str, str]:
        """What to add to the environment of a command so that it works on this cluster."""
        own = self._layout.folder / "home"
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(own / "kube"),
            "HELM_CACHE_HOME": str(own / "helm-cache"),
            "HELM_CONFIG_HOME": str(own / "helm-config"),
            "HELM_DATA_HOME": str(own / "helm-data"),
        }

    def kubectl(self, *arguments: str, input: str | None = None, check: bool = True) -> str:
        """Output of a kubectl command; with check=False that of a failed one too, error text included."""
        return self._command("kubectl", arguments, input, check)

    def helm(self, *arguments: str, input: str | None = None, check: bool = True) -> str:
        """Output of a helm command; with check=False that of a failed one too, error text included."""
        return self._command("helm", arguments, input, check)

    def load_image(self, image: "Image") -> None:
        """Gives the node an image under its own name; its pods need a pull policy other than Always."""
        if not self.form.node:
            raise ClusterError(
                f"cluster {self.name} has no node that could hold {image.name}: start it without --no-node"
            )
        bring_up.import_image(self._layout, str(image.archive))

    def stop(self, process: str) -> None:
        """Ends one server, for example "prometheus", as a crash does; returns when it is gone.

        Nothing but start() brings it back.
        """
        self._processes.kill(process)

    def start(self, process: str) -> None:
        """Starts a server that stop() ended; returns when it is ready."""
        self._processes.start_again(process)
        self._processes.wait(
            f"{process} is ready", check_of(process, self._layout), _READY_SECONDS, [process]
        )

    def processes(self) -> dict[str, dict]:
        """By name of the server: {"running", "pid" (as the cluster counts), "code" (of an ended one)}."""
        return self._processes.states()

    def _start_the_ended(self) -> None:
        for process, state in self.processes().items():
            if not state["running"]:
                self.start(process)

    def _command(self, program: str, arguments: tuple[str, ...], text: str | None, check: bool) -> str:
        command = [str(ensure(program)[program]), *arguments]
        done = subprocess.run(
            command,
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | _WITHOUT_PROXY | self.environment(),
        )
        if done.returncode != 0 and check:
            raise ClusterError(
                f"`{program} {' '.join(arguments)}` failed: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr


# The cluster is on this machine: a proxy for the world outside is not to be asked.
_WITHOUT_PROXY = {key: "" for key in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY")}


def _standing(name: str) -> Layout | None:
    """The cluster of that name if it came up and its supervisor lives."""
    layout = load(name)
    if layout and (layout.folder / "ready").exists() and supervisor_pid(layout.folder) is not None:
        return layout
    return None


def _describe(form: Form) -> str:
    parts = [
        ("node", form.node),
        ("gateway", form.gateway),
        ("audit", form.audit),
        ("kwok", form.kwok),
        ("controllers", form.controllers),
        ("gateway-api", form.gateway_api),
    ]
    return "API server" + "".join(f" + {part}" for part, is_there in parts if is_there)


def _demand_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("a local cluster makes network namespaces and mounts: run this as root")


@contextlib.contextmanager
def _removed_on_failure(name: str, progress: Progress) -> Iterator[None]:
    try:
        yield
    except BaseException as problem:
        with _uninterrupted():
            progress.say(
                "interrupted, removing it" if not isinstance(problem, Exception) else "failed, removing it"
            )
            removal.clear(name)
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignores SIGINT, SIGTERM and SIGHUP: half a removal would leave more behind than a patient one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {kind: signal.signal(kind, signal.SIG_IGN) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
