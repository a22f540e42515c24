"""Progress lines with the time since the start, for people who wait."""

import sys
import time


class Progress:
    """Prints to standard error, so that what a command prints for programs stays clean."""

    def __init__(self, name: str, quiet: bool = False) -> None:
        self._name = name
        self._quiet = quiet
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        if not self._quiet:
            print(f"[{self.seconds:5.1f}s] cluster {self._name}: {text}", file=sys.stderr, flush=True)
