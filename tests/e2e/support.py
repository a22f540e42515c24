"""What the end-to-end tests share: a cluster with Evenkeel on it, and questions to the API server."""

import contextlib
import json
import re
import sys
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from tools.cluster import Cluster
from tools.demo.console import Console, Step
from tools.demo.options import Options
from tools.demo.story import Story
from tools.image import build_image
from tools.paths import REPOSITORY


def build_images() -> None:
    """So that no test's clock runs while an image is built."""
    for name in ("evenkeel", "shop"):
        build_image(name)


@contextlib.contextmanager
def cluster_for_module(name: str, *, audit: bool = False) -> Iterator[Cluster]:
    """A cluster of its own for a test module; removed however the module ends."""
    build_images()
    with Cluster.up(name, audit=audit) as cluster:
        try:
            yield cluster
        except BaseException:
            _print_operator_log(cluster)
            raise


class Telling:
    """A story told into a file, so that what a test prints begins with what went wrong."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        folder = REPOSITORY / "build" / "e2e" / options.namespace
        folder.mkdir(parents=True, exist_ok=True)
        self._stream = (folder / "story.txt").open("w+", encoding="utf-8")
        self._story = Story(cluster, options, folder, Console(self._stream))

    def install(self) -> None:
        self._or_all_of_it(self._story.install)

    def install_shop(self) -> None:
        self._or_all_of_it(self._story.install_shop)

    def run(self, after_first: Callable[[], None] | None = None) -> list[Step]:
        return self._or_all_of_it(lambda: self._story.run(after_first))

    def told(self) -> str:
        self._stream.seek(0)
        return self._stream.read()

    def close(self) -> None:
        self._stream.close()

    def _or_all_of_it(self, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except BaseException:
            print(self.told(), file=sys.stderr, flush=True)
            raise


def failed_lines(step: Step) -> str:
    return "\n".join(check.line() for check in step.checks if not check.passed)


def demand_passed(test: unittest.TestCase, steps: list[Step], telling: Telling) -> None:
    """Every step of a story passed, each reported for itself; if one did not, with the whole story after it."""
    for step in steps:
        verdict = "passed" if step.passed else f"FAILED\n{failed_lines(step)}"
        print(f"  {step.name}: {verdict}", file=sys.stderr, flush=True)
        with test.subTest(step.name):
            test.assertTrue(step.passed, f"{step.name}\n{failed_lines(step)}")
    if not all(step.passed for step in steps):
        print(telling.told(), file=sys.stderr, flush=True)


def until(what: str, holds: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `holds` returns, as soon as that is true. AssertionError with its last answer at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s; last: {found!r}")
        time.sleep(0.2)
    print(f"  {what}", file=sys.stderr, flush=True)
    return found


def stays(what: str, holds: Callable[[], bool], seconds: float) -> None:
    """Looks for so long; AssertionError as soon as it does not hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not holds():
            left = deadline - time.monotonic()
            raise AssertionError(f"{what}: no longer, {seconds - left:.0f} s after the beginning")
        time.sleep(0.5)
    print(f"  {what} for {seconds:.0f} s", file=sys.stderr, flush=True)


def get(cluster: Cluster, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    """The object, or None where there is none."""
    answer = cluster.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
    return json.loads(answer) if answer.strip() else None


def replicas(cluster: Cluster, namespace: str, deployment: str) -> int:
    """How many the Deployment is told to have; -1 where there is no such Deployment."""
    found = get(cluster, "deployment", namespace, deployment)
    return found["spec"]["replicas"] if found else -1


def condition(cluster: Cluster, namespace: str, name: str, kind: str) -> dict[str, Any] | None:
    """One condition of a LoadBalancedService, if it was written for the generation that is declared now."""
    item = get(cluster, "lbs", namespace, name) or {}
    generation = item.get("metadata", {}).get("generation")
    for found in item.get("status", {}).get("conditions") or []:
        if found["type"] == kind and found.get("observedGeneration") == generation:
            return found
    return None


def until_condition(
    cluster: Cluster,
    namespace: str,
    name: str,
    kind: str,
    status: str,
    pattern: str = "",
    seconds: float = 45.0,
) -> dict[str, Any]:
    """The condition once it has that status and its message matches the regular expression."""

    def holds() -> dict[str, Any] | None:
        found = condition(cluster, namespace, name, kind)
        is_it = found and found["status"] == status and re.search(pattern, found["message"])
        return found if is_it else None

    try:
        found = until(f"{namespace}/{name}: {kind} is {status}", holds, seconds)
    except AssertionError as late:
        raise AssertionError(f"{late}\nconditions: {conditions(cluster, namespace, name)}") from None
    print(f"    {found['reason']}: {found['message']}", file=sys.stderr, flush=True)
    return found


def conditions(cluster: Cluster, namespace: str, name: str) -> str:
    item = get(cluster, "lbs", namespace, name) or {}
    found = item.get("status", {}).get("conditions") or []
    return "\n".join(f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in found) or "none"


def until_warning(cluster: Cluster, namespace: str, name: str, reason: str, pattern: str) -> None:
    """Returns when a warning on the LoadBalancedService has that reason and a note that matches."""

    def holds() -> bool:
        answer = cluster.kubectl("get", "events.events.k8s.io", "-n", namespace, "-o", "json")
        return any(
            event["type"] == "Warning"
            and event["reason"] == reason
            and re.search(pattern, event.get("note", ""))
            and (event["regarding"]["kind"], event["regarding"]["name"]) == ("LoadBalancedService", name)
            for event in json.loads(answer)["items"]
        )

    until(f"an event {reason} on {namespace}/{name}", holds)


def until_logged(cluster: Cluster, pattern: str, seconds: float = 30.0, **fields: str) -> None:
    """Returns when a line of the operator's log has these fields and a text that matches."""

    def holds() -> bool:
        return any(
            all(line.get(field) == value for field, value in fields.items())
            and any(re.search(pattern, text) for text in line.values() if isinstance(text, str))
            for line in operator_log(cluster)
        )

    until(f"the log says {pattern!r}", holds, seconds)


def operator_log(cluster: Cluster) -> list[dict[str, Any]]:
    """The lines of all pods of the operator that are there, oldest first in each pod."""
    text = cluster.kubectl(
        "logs",
        "-n",
        "evenkeel-system",
        "-l",
        "app.kubernetes.io/name=evenkeel",
        "--tail=-1",
        check=False,
    )
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def scale_operator(cluster: Cluster, replicas: int) -> None:
    """Returns when so many pods of the operator run, or none is left; not before they are ready or gone."""
    where = ("deployment/evenkeel", "-n", "evenkeel-system")
    cluster.kubectl("scale", *where, f"--replicas={replicas}")
    if replicas > 0:
        cluster.kubectl("rollout", "status", *where, "--timeout=90s")
    else:
        of_ours = ("-l", "app.kubernetes.io/name=evenkeel", "-n", "evenkeel-system")
        cluster.kubectl("wait", "--for=delete", "pod", *of_ours, "--timeout=90s")


def _print_operator_log(cluster: Cluster) -> None:
    log = cluster.kubectl("logs", "-n", "evenkeel-system", "deployment/evenkeel", "--tail=60", check=False)
    print(f"the end of the operator's log:\n{log}", file=sys.stderr)
