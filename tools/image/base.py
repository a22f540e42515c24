"""The base image, made from Debian's packages: without a registry there is no `debian:bookworm-slim`."""

import hashlib
import pathlib
import shutil
import subprocess

from tools.image.buildah import Buildah
from tools.paths import cache_dir
from tools.setup import SetupError, command

NAME = "docker.io/library/debian:bookworm-slim"
SUITE = "bookworm"
_LABEL = "evenkeel.dev/base"

# What the official slim image has too: without it every `apt-get install` of a Dockerfile keeps its archives.
_FORGET = '{ "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n'
_SETTINGS = {
    "etc/apt/apt.conf.d/docker-clean": f"DPkg::Post-Invoke {_FORGET}APT::Update::Post-Invoke {_FORGET}"
    'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "etc/dpkg/dpkg.cfg.d/docker": "force-unsafe-io\n"
    "path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n"
    "path-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\npath-exclude /usr/share/info/*\n",
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}
_STRIPPED = (
    "var/lib/apt/lists/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/log/*.log",
    "var/log/apt/*",
    "usr/share/man/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    # Copied from this machine by debootstrap.
    "etc/hostname",
    "etc/resolv.conf",
)


def key() -> str:
    return hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]


def present(buildah: Buildah) -> bool:
    return buildah.label(NAME, _LABEL) == key()


def make(buildah: Buildah) -> None:
    """Commits the base image to the storage. Takes about a minute and needs the package mirror."""
    sources = _sources()
    mirror = next((uri for uri, suite in sources if suite == SUITE), None)
    if mirror is None:
        raise SetupError(
            f"apt knows no package source of Debian {SUITE}",
            tried=["apt-get indextargets"],
            remedy=f"add a source of {SUITE} to /etc/apt, run apt-get update, then the same command again",
        )
    with buildah.container("scratch") as (container, root):
        command.run(
            "make the Debian base image",
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root), mirror],
            log=cache_dir() / "log" / "base-image.log",
            contained=True,
        )
        _strip(root)
        (root / "etc/apt/sources.list").write_text(
            "".join(f"deb {uri} {suite} main\n" for uri, suite in sources), encoding="utf-8"
        )
        for name, text in _SETTINGS.items():
            (root / name).write_text(text, encoding="utf-8")
        (root / "usr/sbin/policy-rc.d").chmod(0o755)
        buildah.output("config", "--cmd", "bash", "--label", f"{_LABEL}={key()}", container)
        buildah.output("commit", "--quiet", container, NAME)


def _sources() -> list[tuple[str, str]]:
    """The machine's own package sources of this release: mirror and suite, security updates among them."""
    answer = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        ],
        text=True,
        capture_output=True,
        check=False,
    )
    found = [line.split() for line in answer.stdout.splitlines()]
    return list(
        dict.fromkeys(
            (parts[0], parts[1])
            for parts in found
            if len(parts) == 3 and parts[2] == "main" and parts[1].startswith(SUITE)
        )
    )


def _strip(root: pathlib.Path) -> None:
    for pattern in _STRIPPED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in root.glob("usr/share/doc/**/*"):
        if path.name != "copyright" and not path.is_dir():
            path.unlink()
