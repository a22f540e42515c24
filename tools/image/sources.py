"""What an image is made from: exactly what its Dockerfile copies, and the Dockerfile itself."""

import hashlib
import pathlib
import re
import shlex
from collections.abc import Iterator

from tools.setup import SetupError


def checksum(dockerfile: pathlib.Path, context: pathlib.Path) -> str:
    """Changes with the Dockerfile's text and with the name, mode or content of any file that it copies."""
    digest = hashlib.sha256(dockerfile.read_bytes())
    for path in _files(dockerfile, context):
        executable = path.stat().st_mode & 0o111 != 0
        digest.update(f"\0{path.relative_to(context)}\0{executable}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def copied(dockerfile_text: str) -> list[str]:
    """The sources of every COPY that takes from the build context."""
    joined = re.sub(r"\\\n", " ", dockerfile_text)
    names: list[str] = []
    for line in joined.splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0].upper() == "COPY" and not any(word.startswith("--from=") for word in words):
            names += [word for word in words[1:-1] if not word.startswith("--")]
    return names


def _files(dockerfile: pathlib.Path, context: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in copied(dockerfile.read_text(encoding="utf-8")):
        matches = sorted(context.glob(name))
        if not matches:
            raise SetupError(
                f"{dockerfile} copies {name}, which is not in {context}",
                remedy="restore it, or correct the COPY line",
            )
        for match in matches:
            yield from (
                sorted(path for path in match.rglob("*") if path.is_file()) if match.is_dir() else [match]
            )
