"""Debian packages: only what is missing, and no daemon started by their installation."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from tools.paths import cache_dir
from tools.setup import command
from tools.setup.catalogue import PACKAGES
from tools.setup.errors import SetupError
from tools.setup.progress import Progress

# What invoke-rc.d and deb-systemd-invoke ask before they start anything: 101 means "do not".
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
POLICY_MARK = "# by evenkeel setup, for the time of one installation"
POLICY_TEXT = f"#!/bin/sh\n{POLICY_MARK}\nexit 101\n"
LOCK = pathlib.Path("/run/lock/evenkeel-apt")


def ensure_apt(*groups: str) -> None:
    """Installs what is missing of the named groups (progress on stderr); needs root only then."""
    for group in groups:
        if group not in PACKAGES:
            raise SetupError(
                f"there is no package group {group!r}", remedy=f"name one of: {', '.join(PACKAGES)}"
            )
    wanted = list(dict.fromkeys(package for group in groups for package in PACKAGES[group]))
    absent = missing(wanted)
    if not absent:
        return
    by_hand = f"apt-get install --no-install-recommends {' '.join(absent)}"
    if shutil.which("apt-get") is None:
        raise SetupError(
            "this machine has no apt-get",
            remedy=f"use Debian 12, or install what these packages hold: {' '.join(absent)}",
        )
    if os.geteuid() != 0:
        raise SetupError(
            "some Debian packages are missing and only root may install them",
            remedy=f"run as root: {by_hand}",
        )
    with Progress(1).step(
        f"installing {len(absent)} Debian packages ({_shortened(absent)})"
    ), _alone(), no_daemons():
        absent = missing(absent)
        if absent:
            _install(absent, by_hand)


def missing(packages: Sequence[str]) -> list[str]:
    """Those of `packages` that are not installed."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${binary:Package} ${db:Status-Status}\n", *packages],
        text=True,
        capture_output=True,
        check=False,
    )
    installed = {
        line.split()[0].split(":")[0] for line in answer.stdout.splitlines() if line.endswith(" installed")
    }
    return [package for package in packages if package not in installed]


def _install(packages: Sequence[str], by_hand: str) -> None:
    units_before = _units()
    try:
        _apt_get("install", packages, by_hand)
    except SetupError:
        # The lists of a fresh machine are empty or old; to ask for them only then keeps the usual case quick.
        _apt_get("update", packages, by_hand)
        _apt_get("install", packages, by_hand)
    _disable(sorted(_units() - units_before))


def _apt_get(action: str, packages: Sequence[str], by_hand: str) -> None:
    purpose = f"install the Debian packages {' '.join(packages)}"
    if action == "install":
        arguments = ["-y", "--no-install-recommends", *packages]
    else:
        purpose = f"read the package lists, to {purpose}"
        arguments = ["-o", "APT::Update::Error-Mode=any"]
    command.run(
        purpose,
        ["apt-get", action, "-q", "-o", "DPkg::Lock::Timeout=600", *arguments],
        log=cache_dir() / "log" / "apt.log",
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        remedy=f"see why apt-get refuses (this project is set up for Debian 12), then run: {by_hand}",
        offline_remedy=f"the package sources do not answer: restore the network, then run: {by_hand}",
    )


def _units() -> set[str]:
    return {path.name for path in pathlib.Path("/lib/systemd/system").glob("*.service")}


def _disable(units: Sequence[str]) -> None:
    """What an installation brought must not start with the next boot either."""
    if units and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", "--quiet", *units], capture_output=True, check=False)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One installation of ours at a time: the policy file is one for the machine."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with open(LOCK, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def no_daemons(policy: pathlib.Path = POLICY) -> Iterator[None]:
    """Keeps package scripts from starting services; puts the machine's own policy back afterwards.

    A policy of ours that a killed run left behind is recognised by its mark and removed.
    """
    kept = policy.with_name(policy.name + ".evenkeel-kept")
    if policy.exists() and POLICY_MARK not in policy.read_text(encoding="utf-8", errors="replace"):
        policy.rename(kept)
    policy.write_text(POLICY_TEXT, encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
        if kept.exists():
            kept.rename(policy)


def _shortened(packages: Sequence[str]) -> str:
    shown = ", ".join(packages[:4])
    return shown if len(packages) <= 4 else f"{shown}, ..."
