"""Command line of the local clusters: up, down, env, status."""

import argparse
import pathlib
import shlex
import signal
import sys

from tools.setup import SetupError

from .cluster import Cluster
from .errors import ClusterError
from .layout import names
from .processes import processes_of, supervisor_pid

_PAGE_KIB = 4
_DESCRIPTION = "Real Kubernetes clusters on this machine, each in namespaces of its own. Needs root."


def main() -> int:
    arguments = _parse()
    # SIGINT too: a shell script starts its background commands with SIGINT ignored, but whoever sends it
    # means it.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    try:
        return arguments.run(arguments)
    except (ClusterError, SetupError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.cluster", description=_DESCRIPTION, allow_abbrev=False
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start a cluster, or find it up already", allow_abbrev=False)
    up.add_argument("--name", default="local", help="its name (default: local)")
    up.add_argument("--no-node", action="store_true", help="only etcd and the API server")
    up.add_argument("--no-gateway", action="store_true", help="without Contour and Envoy")
    up.add_argument("--audit", action="store_true", help="log every request to the API server")
    up.add_argument(
        "--kwok", action="store_true", help="with --no-node: controllers, and pods without processes"
    )
    up.add_argument("--controllers", action="store_true", help="with --no-node: the controller manager")
    up.add_argument(
        "--gateway-api", action="store_true", help="CRDs of the Gateway API also without a gateway"
    )
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="remove a cluster, in whatever state it is", allow_abbrev=False)
    which = down.add_mutually_exclusive_group(required=True)
    which.add_argument("--name")
    which.add_argument("--all", action="store_true", help="every cluster of this EVENKEEL_STATE_DIR")
    down.set_defaults(run=_down)
    env = commands.add_parser("env", help="print shell assignments that lead kubectl and helm there")
    env.add_argument("--name", default="local")
    env.set_defaults(run=_env)
    status = commands.add_parser("status", help="what runs, and how much memory it takes")
    status.set_defaults(run=_status)
    return parser.parse_args()


def _up(arguments: argparse.Namespace) -> int:
    cluster = Cluster.up(
        arguments.name,
        node=not arguments.no_node,
        gateway=not arguments.no_gateway,
        audit=arguments.audit,
        kwok=arguments.kwok,
        controllers=arguments.controllers,
        gateway_api=arguments.gateway_api,
    )
    _print_environment(cluster)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    wanted = names() if arguments.all else [arguments.name]
    for name in wanted:
        if Cluster.remove(name):
            print(f"cluster {name} is removed", file=sys.stderr)
        else:
            others = ", ".join(names()) or "none"
            print(f"there is no cluster {name} (there are: {others})", file=sys.stderr)
    if not wanted:
        print("there is no cluster", file=sys.stderr)
    return 0


def _env(arguments: argparse.Namespace) -> int:
    _print_environment(Cluster.attach(arguments.name))
    return 0


def _print_environment(cluster: Cluster) -> None:
    values = {"KUBECONFIG": str(cluster.kubeconfig), "EVENKEEL_NETNS": cluster.netns}
    if cluster.form.has_gateway:
        values["EVENKEEL_GATEWAY_URL"] = cluster.gateway_url
    if cluster.form.node:
        values["EVENKEEL_PROMETHEUS_URL"] = cluster.prometheus_url
    for key, value in values.items():
        print(f"export {key}={shlex.quote(value)}")


def _status(_: argparse.Namespace) -> int:
    for name in names():
        _print_status(name)
    return 0


def _print_status(name: str) -> None:
    try:
        cluster = Cluster.attach(name)
        states = cluster.processes()
    except ClusterError:
        print(f"{name}: not up; `python3 -m tools.cluster down --name {name}` removes what is left of it")
        return
    supervisor = supervisor_pid(cluster.kubeconfig.parent)
    ids = processes_of(supervisor) if supervisor else {}
    memory = {own: _resident_mib(on_machine) for own, on_machine in ids.items()}
    print(f"{name}: up, {cluster.address}, {len(ids)} processes, {sum(memory.values())} MiB resident")
    for process, state in sorted(states.items()):
        if state["running"]:
            own = state["pid"]
            print(f"  {process:<24} process {ids.get(own, '?'):<8} {memory.get(own, 0):>5} MiB")
        else:
            print(f"  {process:<24} ended with code {state['code']}, see {cluster.log(process)}")


def _resident_mib(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB // 1024
    except (OSError, IndexError):
        return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
