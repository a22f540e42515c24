"""An API server for a test: one of its own for as long as the test runs, or one that is there already."""

import contextlib
import json
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from tools.setup import ensure

CRD = pathlib.Path("crds/evenkeel.dev_loadbalancedservices.yaml")


class ApiServer:
    """Runs kubectl against one API server."""

    def __init__(self, kubeconfig: pathlib.Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = ensure("kubectl")["kubectl"]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl; its verdict is the caller's business."""
        return subprocess.run(
            [str(self._kubectl), f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl and returns what it prints; a failure is an AssertionError with its text."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def install_crd(self) -> None:
        """Applies the CRD and waits until its kind is served (right after, lists answer 429 for a moment)."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRD))
        self.eventually("get", "loadbalancedservices", "--all-namespaces")

    def eventually(self, *arguments: str, seconds: float = 30) -> str:
        """Repeats a kubectl command until it succeeds."""
        deadline = time.monotonic() + seconds
        while True:
            done = self.run(*arguments)
            if done.returncode == 0:
                return done.stdout
            if time.monotonic() > deadline:
                raise AssertionError(f"kubectl {' '.join(arguments)} after {seconds} s still: {done.stderr}")

    def make_namespace(self, name: str, **labels: str) -> None:
        metadata = {"name": name, "labels": labels}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(namespace))


@contextlib.contextmanager
def api_server(name: str) -> Iterator[ApiServer]:
    """A cluster of its own under this name, without a node, with the Gateway API's kinds; removed at the end.

    EVENKEEL_TEST_KUBECONFIG names one that is there already. (Not KUBECONFIG: these tests install and remove
    things, and many a shell has that one set to a cluster that matters.)
    """
    given = os.environ.get("EVENKEEL_TEST_KUBECONFIG")
    if given:
        yield ApiServer(pathlib.Path(given))
        return
    from tools.cluster import (
        Cluster,
    )  # Only here: with a cluster given, the tools that start one are not needed.

    with Cluster.up(name=name, node=False, gateway_api=True, quiet=True) as cluster:
        yield ApiServer(cluster.kubeconfig)
