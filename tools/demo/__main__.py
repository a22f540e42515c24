"""`make demo` and `make up`."""

import argparse
import dataclasses
import signal
import sys
from types import FrameType

from tools.cluster import Cluster, ClusterError
from tools.demo import Options, Story
from tools.demo.console import Console
from tools.demo.errors import DemoError
from tools.image import build_image
from tools.setup import SetupError

_INSTALL_SECONDS = 90


def main() -> int:
    arguments = _arguments()
    # As Ctrl-C does it: by way of the clean-up.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        options = Options(
            **{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Options)}
        )
        return _up(arguments.name, options) if arguments.up else _tell(arguments, options)
    except (ClusterError, DemoError, SetupError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; everything it started is gone", file=sys.stderr)
        return 130


def _tell(arguments: argparse.Namespace, options: Options) -> int:
    console = _prepare()
    if Cluster.remove(arguments.name):
        console.say(f"removed what was left of a cluster {arguments.name}")
    cluster = Cluster.up(arguments.name)
    try:
        story = Story(cluster, options, console=console)
        story.install()
        console.say(f"installed after {console.seconds:.0f} s (expected: at most {_INSTALL_SECONDS} s)")
        steps = story.run()
        if arguments.keep:
            _explain(cluster, options)
    except BaseException:
        cluster.down()
        raise
    if not arguments.keep:
        cluster.down()
        console.say("the cluster is removed")
    console.title(f"The story took {console.seconds:.0f} s")
    for step in steps:
        told = f" - {step.summary}" if step.summary else ""
        console.text(f"  {step.name}: {'OK' if step.passed else 'FAILED'}{told}")
    return 0 if all(step.passed for step in steps) else 1


def _up(name: str, options: Options) -> int:
    console = _prepare()
    cluster = Cluster.up(name)
    Story(cluster, options, console=console).install()
    _explain(cluster, options)
    return 0


def _prepare() -> Console:
    """Builds what is missing, so that the clock of the story starts with everything at hand."""
    for image in ("evenkeel", "shop"):
        build_image(image)
    return Console()


def _explain(cluster: Cluster, options: Options) -> None:
    print(
        f"""
The cluster {cluster.name} stays. To talk to it:

  export KUBECONFIG={cluster.kubeconfig}
  export PATH="$(dirname "$(python3 -m tools.setup --print-path kubectl)"):$PATH"
  kubectl get lbs -n {options.namespace} -w
  curl {cluster.gateway_url}/catalogue

To try:
  kubectl scale lbs/{options.app} -n {options.namespace} --replicas=4    # a count by hand
  kubectl describe lbs/{options.app} -n {options.namespace}
  kubectl logs -n {options.operator_namespace} deployment/evenkeel -f
  kubectl scale deployment/{options.deployment(options.primary)} -n {options.namespace} --replicas=0

Prometheus: {cluster.prometheus_url}
Remove it:  make down
"""
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.demo",
        description="Sizes a shop on a real cluster and fails it over. Needs root.",
    )
    parser.add_argument("--name", default="demo", help="name of the cluster (default: demo)")
    parser.add_argument("--keep", action="store_true", help="leave the cluster standing at the end")
    parser.add_argument(
        "--up", action="store_true", help="install operator and shop, tell no story, leave it standing"
    )
    story = parser.add_argument_group("told differently", "rates are requests a second")
    for field in dataclasses.fields(Options):
        story.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=field.type,
            default=field.default,
            help=f"(default: {field.default})",
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
