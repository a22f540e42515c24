"""Builds the referee and its tests into the cache of tools."""

import hashlib
import json
import pathlib
import platform
import tempfile
from dataclasses import dataclass

from tools.paths import cache_dir
from tools.referee import sources
from tools.setup import build, command, toolchain
from tools.setup.progress import Progress
from tools.setup.store import Store
from tools.setup.toolchain import Toolchain

NAME = "referee"
FLAGS = ("-trimpath", "-buildvcs=false")


@dataclass(frozen=True)
class Programs:
    referee: pathlib.Path  # plays lives to both
    tests: pathlib.Path  # the referee's own tests and benchmarks, a `go test` binary


def programs() -> Programs:
    """Paths of both, built first where the sources are not those of the last time (progress on stderr)."""
    store = Store(cache_dir() / "tools")
    files = (NAME, f"{NAME}.test")
    key = _key()
    place = store.find(NAME, key, files)
    if place is None:
        fetch_go = toolchain.missing(store)
        progress = Progress(1 + fetch_go)
        if fetch_go:
            with progress.step(f"fetching the Go toolchain {toolchain.choose().version}"):
                toolchain.installed(store, progress)
        with progress.step("building the referee (upstream's HorizontalPodAutoscaler controller)"):
            go = toolchain.installed(store, progress)
            place = store.make(NAME, key, files, lambda folder: _build(go, folder))
            store.forget(NAME, place, days=7)
    return Programs(place / NAME, place / f"{NAME}.test")


def _key() -> str:
    texts = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in (sources.OURS, pathlib.Path(sources.__file__).parent)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    }
    parts = [texts, FLAGS, toolchain.choose().version, platform.machine()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _build(go: Toolchain, folder: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch_name:
        scratch = pathlib.Path(scratch_name)
        environment = go.environment(scratch)
        place = scratch / "module"
        module = build.module_place(sources.OURS, sources.MODULE, go, environment)
        sources.lay_out(module, place)
        tool = f"{go.root}/bin/go"
        for what, arguments in (
            ("the referee", ["build", *FLAGS, "-o", str(folder / NAME), "."]),
            ("the referee's tests", ["test", *FLAGS, "-c", "-o", str(folder / f"{NAME}.test"), "."]),
        ):
            command.run(
                f"build {what}",
                [tool, *arguments],
                log=cache_dir() / "log" / f"{NAME}.log",
                env=environment,
                cwd=place,
                attempts=2,
            )
