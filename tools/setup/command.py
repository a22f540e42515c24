"""Runs one external command: output to a log, children ended with us, failures told with their last words."""

import os
import pathlib
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence

from tools.setup.errors import SetupError

OFFLINE_WORDS = (
    "no such host",
    "temporary failure in name resolution",
    "network is unreachable",
    "connection refused",
    "could not resolve",
    "i/o timeout",
    "no route to host",
    "failed to establish a new connection",
    "newconnectionerror",
    "name or service not known",
    "server misbehaving",
    "tls handshake timeout",
    "temporary failure resolving",
    "couldn't connect",
    "cannot initiate the connection",
    "unable to connect",
)
# Ends with its parent, by whatever signal; in the second form everything that it started does too, and its
# mounts with it: a container build starts processes in sessions of their own. That one needs root.
_TIED = ("setpriv", "--pdeathsig", "TERM")
_CONTAINED = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

OFFLINE_REMEDY = (
    "the network, or the package source that this machine is set up to use, did not answer: restore it and "
    "run the same command again (what is finished is kept), or copy a filled cache folder from another "
    "machine and name it in EVENKEEL_CACHE_DIR"
)


def looks_offline(output: str) -> bool:
    """Whether a tool's output reads as if the network, rather than the tool, were the matter."""
    low = output.lower()
    return any(word in low for word in OFFLINE_WORDS)


def tail(log: pathlib.Path, lines: int = 12) -> str:
    """The end of a log as a person needs it: without pip's repetitions, and no line of many rows."""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    telling = [line[:300] for line in text.splitlines() if "WARNING: Retrying" not in line]
    return "\n".join(telling[-lines:])


def run(
    what: str,
    argv: Sequence[str],
    *,
    log: pathlib.Path,
    env: Mapping[str, str] | None = None,
    cwd: pathlib.Path | None = None,
    attempts: int = 1,
    contained: bool = False,
    remedy: str = "",
    offline_remedy: str = OFFLINE_REMEDY,
) -> None:
    """Runs `argv` with its output in `log`, up to `attempts` times when the network seems to be the matter.

    Raises SetupError(`cannot <what>`) with the end of the output. The command ends when we are
    interrupted or killed; with `contained` (for root) so does everything that it started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        status = _run_once(argv, log, env, cwd, contained)
        if status == 0:
            return
        offline = looks_offline(log.read_text(encoding="utf-8", errors="replace")[-10_000:])
        if not offline:
            break
    tried = [
        f"{shlex.join(argv)} ({attempt} time{'s' if attempt > 1 else ''}, exit status {status}; log: {log})"
    ]
    if offline:
        remedy = offline_remedy
    raise SetupError(
        f"cannot {what}",
        tried=tried,
        output=tail(log),
        remedy=remedy or f"read {log}, then run the same command again",
    )


def _run_once(
    argv: Sequence[str],
    log: pathlib.Path,
    env: Mapping[str, str] | None,
    cwd: pathlib.Path | None,
    contained: bool,
) -> int:
    tie, end = (_CONTAINED, signal.SIGKILL) if contained else (_TIED, signal.SIGTERM)
    with open(log, "wb") as file:
        try:
            process = subprocess.Popen(
                [*tie, *argv],
                env=env,
                cwd=cwd,
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise SetupError(
                f"cannot run {argv[0]}: {error.filename} is missing",
                remedy="install util-linux (apt-get install util-linux)",
            ) from error
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, end)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            raise
