"""What the API server reported while the story went on: sizes of the backends, weights of the route."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from tools.setup import ensure

if TYPE_CHECKING:
    from tools.cluster import Cluster

_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    time: float  # seconds since the epoch
    replicas: int
    ready: int


@dataclass(frozen=True, slots=True)
class Weights:
    time: float
    by_service: dict[str, int]  # of the route's first rule


class History:
    """Follows the Deployments and HTTPRoutes of one namespace while the block of the context manager runs."""

    def __init__(self, cluster: "Cluster", namespace: str) -> None:
        self._environment = os.environ | cluster.environment()
        self._namespace = namespace
        self._lock = threading.Lock()  # guards the two below
        self._sizes: dict[str, list[Size]] = {}
        self._weights: dict[str, list[Weights]] = {}
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "History":
        for kind, take in (("deployments", self._take_deployment), ("httproutes", self._take_route)):
            thread = threading.Thread(target=self._follow, args=(kind, take), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for child in list(self._children.values()):
            child.terminate()
        for thread in self._threads:
            thread.join(timeout=10)

    def sizes(self, deployment: str) -> list[Size]:
        with self._lock:
            return list(self._sizes.get(deployment, []))

    def size(self, deployment: str) -> Size:
        """The latest; 0 replicas where none was seen."""
        return (self.sizes(deployment) or [Size(0.0, 0, 0)])[-1]

    def size_at(self, deployment: str, when: float) -> Size:
        """What held at that time."""
        known = [size for size in self.sizes(deployment) if size.time <= when]
        return known[-1] if known else (self.sizes(deployment) or [Size(when, 0, 0)])[0]

    def weights(self, route: str) -> dict[str, int]:
        """The latest, by Service."""
        with self._lock:
            known = self._weights.get(route, [])
            return known[-1].by_service if known else {}

    def _follow(self, kind: str, take: Any) -> None:
        command = [str(ensure("kubectl")["kubectl"]), "get", kind, "-n", self._namespace, "-w", "-o", "json"]
        while not self._ended.is_set():
            with subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            ) as child:
                self._children[kind] = child
                if self._ended.is_set():
                    child.terminate()
                assert child.stdout is not None
                for item in _objects(child.stdout):
                    with self._lock:
                        take(item, time.time())
            # A watch ends when the API server restarts: look again, but not in a tight loop.
            self._ended.wait(_RETRY_SECONDS)

    def _take_deployment(self, item: dict[str, Any], now: float) -> None:
        sizes = self._sizes.setdefault(item["metadata"]["name"], [])
        size = Size(now, item["spec"]["replicas"], item.get("status", {}).get("readyReplicas", 0))
        if not sizes or (sizes[-1].replicas, sizes[-1].ready) != (size.replicas, size.ready):
            sizes.append(size)

    def _take_route(self, item: dict[str, Any], now: float) -> None:
        backends = item["spec"]["rules"][0]["backendRefs"]
        weights = {backend["name"]: backend.get("weight", 1) for backend in backends}
        known = self._weights.setdefault(item["metadata"]["name"], [])
        if not known or known[-1].by_service != weights:
            known.append(Weights(now, weights))


def _objects(stream: IO[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects that kubectl prints one after another, each as soon as its last line is there."""
    lines: list[str] = []
    with contextlib.suppress(ValueError):  # the last one may be cut off
        for line in stream:
            lines.append(line)
            if line.rstrip("\n") == "}":
                yield json.loads("".join(lines))
                lines.clear()
