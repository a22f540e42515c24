"""What the reader of the story sees."""

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(frozen=True)
class Check:
    """One expectation and what came of it."""

    what: str
    figure: str
    expected: str
    passed: bool

    def line(self) -> str:
        verdict = "OK    " if self.passed else "FAILED"
        return f"  {verdict}  {self.what}: {self.figure} (expected: {self.expected})"


@dataclass
class Step:
    """One step of the story. It has passed when each of its checks has."""

    name: str
    checks: list[Check] = field(default_factory=list)
    summary: str = ""  # what one would tell of it in a sentence

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)


class Console:
    """Prints lines with the time since the start. Not for several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def title(self, text: str) -> None:
        self._print(f"\n== {text}")

    def say(self, text: str) -> None:
        self._print(f"[{self.seconds:5.1f}s] {text}")

    def text(self, text: str) -> None:
        """Something with several lines, as it is."""
        self._print(text.rstrip("\n"))

    def result(self, step: Step) -> None:
        for check in step.checks:
            self._print(check.line())
        failed = sum(not check.passed for check in step.checks)
        verdict = "OK" if step.passed else f"FAILED ({failed} of {len(step.checks)} expectations)"
        self._print(f"  {step.name}: {verdict}")

    def _print(self, text: str) -> None:
        print(text, flush=True, file=self._stream)
