"""Where the tools keep things outside the source tree."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def cache_dir() -> pathlib.Path:
    """Folder of everything that is built once and kept: tools, images. Safe to delete; costs time only."""
    named = os.environ.get("EVENKEEL_CACHE_DIR")
    if named:
        return pathlib.Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base).absolute() / "evenkeel"


def state_dir() -> pathlib.Path:
    """Folder of the running clusters: one folder per cluster name."""
    return pathlib.Path(os.environ.get("EVENKEEL_STATE_DIR") or "/var/tmp/evenkeel")
