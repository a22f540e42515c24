"""One command at a time for a cluster: whoever holds its folder's lock may change it."""

import contextlib
import fcntl
import os
import pathlib
import time
from collections.abc import Iterator

from .errors import ClusterError
from .layout import folder_of

_WAIT_SECONDS = 300.0


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds the cluster's lock, waiting up to five minutes for another command to finish.

    Makes the folder, and removes it when it is empty in the end.
    """
    folder = folder_of(name)
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if _is_locked_now(handle) and _is_current(handle, folder):
                with _removed_if_empty(folder):
                    yield
                return
        finally:
            os.close(handle)
        if time.monotonic() > deadline:
            raise ClusterError(
                f"another command has held cluster {name} for {_WAIT_SECONDS:.0f} s: wait for it or end it"
            )
        time.sleep(0.1)


@contextlib.contextmanager
def _removed_if_empty(folder: pathlib.Path) -> Iterator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _is_locked_now(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_current(handle: int, folder: os.PathLike[str]) -> bool:
    """False when the folder was removed, and perhaps made anew, while we waited."""
    try:
        return os.fstat(handle).st_ino == os.stat(folder).st_ino
    except FileNotFoundError:
        return False
