"""Buildah on a storage of our own, so that nothing of the machine's is seen or touched."""

import contextlib
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

from tools.paths import cache_dir
from tools.setup import SetupError, command
from tools.setup.store import Store

# Some fifty builds' worth. The first build after a clearing out installs its compiler anew.
_MANY_IMAGES = 400


class Buildah:
    """One storage. Other methods belong inside `with buildah.alone():`, which one process has at a time."""

    def __init__(self) -> None:
        self.root_ = cache_dir() / "images" / "storage"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One build at a time; working containers and folders that a killed build left are removed first."""
        with Store(self.root_.parent).lock("storage"):
            scratch = self.root_.parent / "tmp"
            scratch.mkdir(exist_ok=True)
            for leftover in scratch.iterdir():
                if leftover.name != "buildah-cache":
                    shutil.rmtree(leftover, ignore_errors=True)
            if self.output("containers", "--quiet"):
                self.output("rm", "--all")
            yield

    def argv(self, *arguments: str) -> list[str]:
        driver = os.environ.get("STORAGE_DRIVER", "overlay")
        return [
            "buildah",
            "--root",
            str(self.root_),
            "--runroot",
            str(self.root_.parent / "run"),
            "--storage-driver",
            driver,
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """TMPDIR is where buildah keeps the caches that Dockerfiles mount (ccache)."""
        return os.environ | {"TMPDIR": str(self.root_.parent / "tmp"), "BUILDAH_ISOLATION": "chroot"}

    def run(self, what: str, *arguments: str, log: str, remedy: str = "") -> None:
        """A command that takes time: its output goes to a log of the cache folder."""
        command.run(
            what,
            self.argv(*arguments),
            log=cache_dir() / "log" / f"{log}.log",
            env=self.environment(),
            contained=True,
            remedy=remedy,
        )

    def output(self, *arguments: str) -> str:
        """A quick command; its answer without the line end. Raises SetupError."""
        done = subprocess.run(
            self.argv(*arguments), env=self.environment(), text=True, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise SetupError(
                f"buildah {arguments[0]} failed",
                tried=[" ".join(done.args)],
                output=done.stderr,
                remedy=f"if its storage is damaged, remove {self.root_.parent} and run this again",
            )
        return done.stdout.strip()

    def label(self, image: str, label: str) -> str | None:
        """A label of an image in the storage, or None where there is no such image."""
        done = subprocess.run(
            self.argv(
                "inspect",
                "--type",
                "image",
                "--format",
                f'{{{{index .OCIv1.Config.Labels "{label}"}}}}',
                image,
            ),
            env=self.environment(),
            text=True,
            capture_output=True,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def keep_small(self) -> None:
        """Drops the layers of past builds once there are many: each change of a source leaves a handful."""
        if len(self.output("images", "--all", "--quiet").split()) > _MANY_IMAGES:
            self.output("rmi", "--prune")

    @contextlib.contextmanager
    def container(self, image: str) -> Iterator[tuple[str, pathlib.Path]]:
        """A working container and where its file system is mounted; gone afterwards."""
        name = self.output("from", "--pull-never", image)
        try:
            yield name, pathlib.Path(self.output("mount", name))
        finally:
            self.output("rm", name)
