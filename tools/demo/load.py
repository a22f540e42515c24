"""Runs the load generator: k6, an open load in stages, one line of CSV for each request."""

import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from tools.demo.errors import DemoError
from tools.setup import ensure

_SCRIPT = pathlib.Path(__file__).with_name("load.js")
_RAMP_SECONDS = 1.0
_START_SECONDS = 30.0
_END_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1
_REQUEST_LINE = re.compile(rb"^http_req_duration,.*\n", re.MULTILINE)


class Load:
    """One run of k6 against a gateway. As a context manager it is ended with the block."""

    def __init__(self, url: str, stages: list[tuple[float, float]], folder: pathlib.Path) -> None:
        """`stages`: (requests a second, for how many seconds), each reached within a second."""
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "requests.csv"
        self.log.unlink(missing_ok=True)
        self._messages = folder / "k6.log"
        environment = os.environ | {
            "SHOP_URL": url,
            "STAGES": json.dumps(_ramps(stages)),
            "K6_CSV_TIME_FORMAT": "unix_nano",
            "K6_CSV_SAVE_INTERVAL": "250ms",
            "NO_PROXY": "*",
        }
        # No server of its own, no summary, nothing sent home: the log is what is wanted.
        command = [
            str(ensure("k6")["k6"]),
            "run",
            "--quiet",
            "--no-color",
            "--no-usage-report",
            "--address",
            "",
            "--summary-mode",
            "disabled",
            "--out",
            f"csv={self.log}",
            str(_SCRIPT),
        ]
        with self._messages.open("wb") as output:
            # A session of its own: Ctrl-C is for the story, which ends the load itself.
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def wait_for_first(self) -> None:
        """Returns when the log has a whole line about a request; lines about the generator do not count."""
        deadline = time.monotonic() + _START_SECONDS
        while not (self.log.exists() and has_request(self.log.read_bytes())):
            self.demand_alive()
            if time.monotonic() > deadline:
                raise DemoError(f"k6 has written no request within {_START_SECONDS:.0f} s{self._tail()}")
            time.sleep(0.05)

    def end(self) -> None:
        """Ends the load now; the log keeps what was finished."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def demand_alive(self) -> None:
        if self._process.poll() is not None:
            raise DemoError(f"k6 ended with code {self._process.returncode}{self._tail()}")

    def _tail(self) -> str:
        lines = self._messages.read_text(errors="replace").splitlines()[-5:]
        return "".join([f"; the end of {self._messages}:", *(f"\n  {line}" for line in lines)])


def has_request(log: bytes) -> bool:
    """Whether the log has a whole line about a request."""
    return _REQUEST_LINE.search(log) is not None


def _ramps(stages: list[tuple[float, float]]) -> list[dict[str, object]]:
    ramps: list[dict[str, object]] = []
    for rate, seconds in stages:
        # k6 counts whole requests a second.
        ramps.append({"duration": f"{int(_RAMP_SECONDS * 1000)}ms", "target": round(rate)})
        ramps.append({"duration": f"{int((seconds - _RAMP_SECONDS) * 1000)}ms", "target": round(rate)})
    return ramps


def _end_with_parent() -> None:
    """Lets the kernel end the child when we die in a way that leaves us no time to do it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
