"""The load generator's log, and what it says. All times are seconds since the epoch."""

import csv
import math
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    begin: float
    end: float
    status: int  # 0: there was no answer

    @property
    def failed(self) -> bool:
        return self.status != 200

    @property
    def ms(self) -> float:
        return (self.end - self.begin) * 1000


@dataclass(frozen=True, slots=True)
class Served:
    end: float
    colour: str  # who answered; "none" where it was the gateway itself, or nobody


@dataclass(frozen=True)
class Failures:
    count: int
    seconds: float  # from the start of the first one to the end of the last


class RequestLog:
    """Reads the log while it grows. The first line names the columns."""

    def __init__(self, path: pathlib.Path) -> None:
        self.requests: list[Request] = []
        self.served: list[Served] = []
        self.unsent = 0  # requests that the generator was too busy to send
        self._path = path
        self._offset = 0
        self._columns: list[str] = []

    def read(self) -> None:
        """Takes in what was written since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        self._offset += len(complete)
        for row in csv.reader(complete.decode().splitlines()):
            if not self._columns:
                self._columns = row
            else:
                self._take(dict(zip(self._columns, row, strict=True)))

    def started(self) -> float:
        """When the first request began."""
        return min(request.begin for request in self.requests)

    def between(self, begin: float, end: float) -> list[Request]:
        """The requests that began in that time."""
        return [request for request in self.requests if begin <= request.begin < end]

    def served_between(self, begin: float, end: float) -> list[Served]:
        """The answers that came in that time."""
        return [served for served in self.served if begin <= served.end < end]

    def _take(self, row: dict[str, str]) -> None:
        end = int(row["timestamp"]) / 1e9
        match row["metric_name"]:
            case "http_req_duration":
                took = float(row["metric_value"]) / 1000
                self.requests.append(Request(end - took, end, int(row["status"])))
            case "served":
                tags = dict(pair.split("=", 1) for pair in row["extra_tags"].split("&"))
                self.served.append(Served(end, tags["colour"]))
            case "dropped_iterations":
                self.unsent += int(float(row["metric_value"]))


def percentile(requests: Iterable[Request], percent: float) -> float:
    """Latency in ms that so many percent of the requests do not exceed; infinite where there are none. A failed
    one counts as infinitely slow, or a quick refusal would look like a quick shop."""
    values = sorted(math.inf if request.failed else request.ms for request in requests)
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else math.inf


def failures(requests: Iterable[Request]) -> Failures:
    failed = [request for request in requests if request.failed]
    if not failed:
        return Failures(0, 0.0)
    return Failures(len(failed), max(r.end for r in failed) - min(r.begin for r in failed))


def met_again(
    log: RequestLog, begin: float, end: float, objective_ms: float, window: float = 5.0
) -> float | None:
    """Seconds after `begin` from which on every window up to `end` has 95 % of its requests within the
    objective; None where the last window has not. Windows are counted back from `end`."""
    since = None
    right = end
    while right - window >= begin - 1e-6:
        if percentile(log.between(right - window, right), 95) > objective_ms:
            break
        right -= window
        since = right
    return None if since is None else max(0.0, since - begin)
