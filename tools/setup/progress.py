"""Progress lines that a person can trust: what is being done, how many of how many, for how long already."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO


def duration(seconds: float) -> str:
    """0.4s, 12s, 2m10s, 1h02m: short enough for a progress line."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class Progress:
    """Numbers the steps of one piece of work. A step prints when it starts, while it lasts, and how it ended.

    While a step lasts its elapsed time is repeated: every second in place on a terminal, every `interval`
    seconds as a line of its own elsewhere, so that a log shows that the work is alive. Steps follow one
    another; `note` may be called from any thread.
    """

    def __init__(self, total: int, stream: TextIO | None = None, interval: float = 30.0) -> None:
        self.total_ = total
        self.done_ = 0
        self.stream_ = stream if stream is not None else sys.stderr
        self.terminal_ = self.stream_.isatty()
        self.interval_ = 1.0 if self.terminal_ else interval
        self.lock_ = threading.Lock()
        self.note_: str | Callable[[], str] = ""

    def note(self, text: str | Callable[[], str]) -> None:
        """Adds a word to the running step, shown with every tick; a function is asked for it each time."""
        self.note_ = text

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Runs the body as the next step; a failure is printed as such and passed on."""
        self.done_ += 1
        self.note_ = ""
        width = len(str(self.total_))
        head = f"[{self.done_:>{width}}/{self.total_}] {what}"
        started = time.monotonic()
        finished = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(head, started, finished), daemon=True)
        self._print(f"{head} ...", passing=True)
        ticker.start()
        outcome = "failed"
        try:
            yield
            outcome = "done"
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            finished.set()
            ticker.join()
            self._print(f"{head}: {outcome} in {duration(time.monotonic() - started)}")

    def _tick(self, head: str, started: float, finished: threading.Event) -> None:
        while not finished.wait(self.interval_):
            note = self.note_ if isinstance(self.note_, str) else self.note_()
            elapsed = f"elapsed {duration(time.monotonic() - started)}"
            self._print(
                f"{head} ... ({elapsed}, {note})" if note else f"{head} ... ({elapsed})", passing=True
            )

    def _print(self, line: str, passing: bool = False) -> None:
        """A passing line is overwritten by the next one where the stream is a terminal."""
        with self.lock_:
            if self.terminal_:
                self.stream_.write("\r\033[K" + line + ("" if passing else "\n"))
            else:
                self.stream_.write(line + "\n")
            self.stream_.flush()
