"""The cache of things that are made once: each is a folder named by what it was made from."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence

from tools.setup.errors import SetupError


class Store:
    """Artefacts under one folder, as `<name>-<key>/`.

    A folder with its final name is always complete: it is filled under another name and renamed. One lock for
    each name keeps two processes from making the same thing twice; the kernel drops it when a process dies.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root_ = root

    def path(self, name: str, key: str) -> pathlib.Path:
        return self.root_ / f"{name}-{key[:16]}"

    def find(self, name: str, key: str, files: Sequence[str] = ()) -> pathlib.Path | None:
        """The artefact with all of `files` in it, or None where it has to be made (again)."""
        place = self.path(name, key)
        return place if place.is_dir() and all((place / file).exists() for file in files) else None

    def make(
        self,
        name: str,
        key: str,
        files: Sequence[str],
        fill: Callable[[pathlib.Path], None],
        waiting: Callable[[str], None] = lambda holder: None,
    ) -> pathlib.Path:
        """The artefact; unless somebody else has made it, `fill` gets an empty folder to put `files` into.

        `waiting` is told who holds the lock when there is somebody to wait for. When `fill` raises, nothing
        is left behind; what a killed process left is swept by the next one that makes the
        same name, which is why scratch files belong into that folder as well.
        """
        place = self.path(name, key)
        with self.lock(name, waiting):
            if self.find(name, key, files):
                return place
            for leftover in (place, *self.root_.glob(f".making-{name}-????????????????")):
                shutil.rmtree(leftover, ignore_errors=True)
            half = self.root_ / f".making-{name}-{key[:16]}"
            half.mkdir()
            try:
                fill(half)
                absent = [file for file in files if not (half / file).exists()]
                if absent:
                    raise SetupError(
                        f"making {name} did not produce {', '.join(absent)}",
                        remedy="correct its recipe in tools/setup/catalogue.py",
                    )
                _sync(half)
                half.rename(place)
            finally:
                shutil.rmtree(half, ignore_errors=True)
        return place

    def forget(self, name: str, kept: pathlib.Path, days: float) -> None:
        """Removes what was made under that name over `days` ago; a younger one may be another checkout's."""
        for other in self.root_.glob(f"{name}-????????????????"):
            if other != kept and time.time() - other.stat().st_mtime > days * 24 * 3600:
                shutil.rmtree(other, ignore_errors=True)

    @contextlib.contextmanager
    def lock(self, name: str, waiting: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
        """Holds the lock of one name; `waiting` gets the holder's process id as text when it is taken."""
        locks = self.root_ / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with open(locks / name, "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                waiting(file.read().strip() or "another process")
                fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def _sync(folder: pathlib.Path) -> None:
    """Writes the files through: after a power cut a renamed folder must not hold empty ones."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
