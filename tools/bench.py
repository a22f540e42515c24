"""Measures the decision and writes docs/performance.md: `make bench`.

    python3 -m tools.bench [--rounds N] [--output docs/performance.md]

Each round times ours by Google Benchmark and the replica computation of Kubernetes' HorizontalPodAutoscaler
by Go's own benchmark, one after the other; then `evenkeel decide --stream` works through a pipe. Everything is
processor time. A goal is judged by the quietest round; a ratio is the median of the rounds' own ratios: pairs that
were measured together tell the truth also on a machine that others use.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

from tools.paths import REPOSITORY
from tools.referee.program import programs
from tools.setup import SetupError

BUILD = REPOSITORY / "build" / "bench"
LINES = 60_000
GOAL_LINES = 20_000  # A second.
STREAM_ROUNDS = 5
WORTHY = 10  # How many times faster than upstream the arithmetic is meant to be.


@dataclasses.dataclass(frozen=True)
class Goal:
    benchmark: str
    title: str
    microseconds: float | None


GOALS = (
    Goal("decide_two_metrics", "one backend, two metrics of the whole service", 5),
    Goal("decide_three_pods", "one backend of 3 pods, CPU and memory utilisation", 5),
    Goal("decide_hundred_pods", "one backend of 100 pods, CPU utilisation", 50),
    Goal("decide_sixteen_backends", "16 backends in two tiers, declared weights", 60),
    Goal("decide_sixteen_backends_by_latency", "16 backends in two tiers, shares by latency", None),
    Goal("line_of_a_stream", "a line of a stream: read, decided and printed", 1e6 / GOAL_LINES),
    Goal("read_snapshot", "its snapshot read", None),
    Goal("print_decision", "its decision printed", None),
)


@dataclasses.dataclass(frozen=True)
class Duel:
    case: str  # Our benchmarks are arithmetic/CASE, samples/CASE and decide_CASE.
    title: str
    upstream: str  # The Go benchmark of the same figures.


DUELS = (
    Duel("two_metrics", "two metrics of the whole service", "TwoExternalMetrics"),
    Duel("three_pods", "3 pods, CPU and memory", "TwoResourceMetrics3Pods"),
    Duel("hundred_pods", "100 pods, CPU", "Utilization100Pods"),
)
SCOPES = ("arithmetic/", "samples/", "decide_")


@dataclasses.dataclass(frozen=True)
class Figure:
    nanoseconds: float
    allocations: float | None = None


Round = dict[str, Figure]


def _output(command: list[str]) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def build() -> None:
    log = BUILD.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        for command in (
            ["cmake", "--preset", "bench"],
            ["cmake", "--build", "--preset", "bench", "--target", "bench", "evenkeel"],
        ):
            if subprocess.run(command, cwd=REPOSITORY, stdout=stream, stderr=stream, check=False).returncode:
                raise SystemExit(f"bench: the build failed, see {log}")


def measure_ours() -> Round:
    program = str(BUILD / "tests" / "bench" / "bench")
    report = json.loads(_output([program, "--benchmark_format=json", "--benchmark_min_time=0.05"]))
    return {run["name"]: Figure(run["cpu_time"], run.get("allocations")) for run in report["benchmarks"]}


def measure_upstream(program: pathlib.Path) -> Round:
    """By the name of the Go benchmark; processor time of all its threads, garbage collection included."""
    text = _output(
        [str(program), "-test.run", "^$", "-test.bench", ".", "-test.benchmem", "-test.benchtime", "100ms"]
    )
    lines = re.findall(r"^Benchmark(\w+?)(?:-\d+)?\s.* ([\d.]+) cpu-ns/op\s.* (\d+) allocs/op", text, re.M)
    return {name: Figure(float(nanoseconds), float(allocations)) for name, nanoseconds, allocations in lines}


def median(rounds: list[Round], name: str) -> Figure:
    figures = [one[name] for one in rounds]
    return Figure(statistics.median(figure.nanoseconds for figure in figures), figures[0].allocations)


def _line(number: int) -> str:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=15 * number)
    text = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    metrics = [
        {"name": "rps", "preset": "RequestsPerSecond", "target": {"type": "AverageValue", "value": "50"}},
        {"name": "queue", "query": "queue", "target": {"type": "AverageValue", "value": "20"}},
    ]
    backend = {"name": "blue", "workloadRef": {"name": "blue"}, "serviceRef": {"name": "blue", "port": 80}}
    return json.dumps(
        {
            "now": text,
            "service": {
                "apiVersion": "evenkeel.dev/v1alpha1",
                "kind": "LoadBalancedService",
                "metadata": {"namespace": "store", "name": "shop", "uid": "1"},
                "spec": {
                    "backends": [backend],
                    "scaling": {"minReplicas": 1, "maxReplicas": 50, "metrics": metrics},
                },
            },
            "backends": {
                "blue": {
                    "specReplicas": 4, "statusReplicas": 4, "readyReplicas": 4,
                    "endpoints": {"ready": 4, "total": 4}, "weight": 100,
                }
            },
            "metrics": {
                "rps": {"samples": [{"value": 180 + number % 40, "time": text, "windowSeconds": 60}]},
                "queue": {"samples": [{"value": 60 + number % 30, "time": text, "windowSeconds": 60}]},
            },
        },
        separators=(",", ":"),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Stream:
    wall: float  # Snapshots per second.
    cpu: float  # Snapshots per second of processor time.


def _pipe_through(lines: pathlib.Path) -> Stream:
    """One pass of the real command between two pipes; its input comes from cat, its output is counted here."""
    command = [str(BUILD / "src" / "cli" / "evenkeel"), "decide", "--stream"]
    start = time.monotonic()
    with (
        subprocess.Popen(["cat", str(lines)], stdout=subprocess.PIPE) as source,
        subprocess.Popen(command, stdin=source.stdout, stdout=subprocess.PIPE) as stream,
    ):
        source.stdout.close()  # The stream's alone from now on.
        answers, last = 0, b""
        while block := stream.stdout.read1(1 << 20):
            answers += block.count(b"\n")
            last = (last + block)[-4096:]
        # Of this process alone, while it can still be asked: cat is not to be charged to it.
        _, status, usage = os.wait4(stream.pid, 0)
        stream.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if stream.returncode or answers != LINES or b'"error":' in last.splitlines()[-1]:
        raise SystemExit(f"bench: the stream went wrong after {answers} answers: {last[-300:]!r}")
    return Stream(LINES / wall, LINES / (usage.ru_utime + usage.ru_stime))


def measure_stream() -> tuple[Stream, int]:
    """The median pass, and the bytes of a line."""
    texts = [_line(number) for number in range(LINES)]
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "lines"
        lines.write_text("\n".join(texts) + "\n", encoding="utf-8")
        passes = [_pipe_through(lines) for _ in range(STREAM_ROUNDS)]
    median_pass = Stream(
        statistics.median(one.wall for one in passes), statistics.median(one.cpu for one in passes)
    )
    return median_pass, max(map(len, texts))


def _machine() -> str:
    processor = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
    compiler = _output(["g++", "--version"]).splitlines()[0]
    return f"{processor}, {os.cpu_count()} cores, {compiler}"


def _time(nanoseconds: float) -> str:
    return f"{nanoseconds:.0f} ns" if nanoseconds < 1000 else f"{nanoseconds / 1000:.2f} us"


def best(rounds: list[Round], name: str) -> float:
    """Nanoseconds of the quietest round. What else the machine does only adds, so this is nearest to the code's own."""
    return min(one[name].nanoseconds for one in rounds)


def _goal_row(goal: Goal, rounds: list[Round]) -> str:
    figure = median(rounds, goal.benchmark)
    quietest = best(rounds, goal.benchmark)
    if goal.microseconds is None:
        verdict = "-"
    else:
        met = quietest < goal.microseconds * 1000
        verdict = f"under {goal.microseconds:g} us: {'met' if met else 'MISSED'}"
    times = f"{_time(quietest)} | {_time(figure.nanoseconds)}"
    return f"| {goal.title} | {times} | {verdict} | {figure.allocations:.0f} |"


def ratio(duel: Duel, scope: str, ours: list[Round], theirs: list[Round]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(
        there[duel.upstream].nanoseconds / here[scope + duel.case].nanoseconds for here, there in pairs
    )


def _duel_row(duel: Duel, ours: list[Round], theirs: list[Round]) -> str:
    upstream = median(theirs, duel.upstream)
    cells = [duel.title, f"{_time(upstream.nanoseconds)}, {upstream.allocations:.0f}"]
    for scope in SCOPES:
        figure = median(ours, scope + duel.case)
        times = ratio(duel, scope, ours, theirs)
        cells.append(
            f"{_time(figure.nanoseconds)}, {figure.allocations:.0f} | {times:.{1 if times >= 1 else 2}f} x"
        )
    return f"| {' | '.join(cells)} |"


def _verdict(ours: list[Round], theirs: list[Round]) -> str:
    slow = [duel for duel in DUELS if ratio(duel, "arithmetic/", ours, theirs) < WORTHY]
    if not slow:
        return f"The arithmetic alone is at least {WORTHY} times faster than upstream's in each of the cases."
    named = "; ".join(f"{duel.title}: {ratio(duel, 'arithmetic/', ours, theirs):.1f} x" for duel in slow)
    return f"The goal, arithmetic at least {WORTHY} times faster than upstream's, is MISSED in: {named}."


def render(ours: list[Round], theirs: list[Round], stream: Stream, line_bytes: int, machine: str) -> str:
    goals = "\n".join(_goal_row(goal, ours) for goal in GOALS)
    duels = "\n".join(_duel_row(duel, ours, theirs) for duel in DUELS)
    met = "met" if stream.wall > GOAL_LINES else "MISSED"
    return f"""# Performance

Written by `make bench`; do not edit. Processor time over {len(ours)} rounds; {machine},
built as what is shipped. On another machine, and beside other work, the times differ; the ratios to upstream, measured
pair by pair in the same run, carry over better.

## One decision

`decide()` on a load that moves, 15 seconds apart, its memory (JSON) read at the beginning and written at the end as in the
operator; allocations are calls of `operator new` per decision. Goals are judged by the quietest round: other work on the
machine can only add to it, and does to the median.

| | quietest round | median | goal | allocations |
|---|---|---|---|---|
{goals}

## Beside upstream

Upstream is the replica calculator of Kubernetes' HorizontalPodAutoscaler (1.34) alone: the metrics API's answer and the
list of pods are ready in memory (a stand-in hands them over: one look into a map for each metric), and what is timed goes
from there to a proposal for each metric. No reconcile, no objects read or written, no events, no stabilisation, no
policies. It is built from its own sources; counting which of its branches are taken, which the referee adds, is switched
off. Its processor time is that of all its threads, so the collection of its garbage counts as its own.

- **arithmetic**: the same scope of ours, from readings to proposals: ratio, tolerance and rounding; for pods also their
  grouping, requests and fill-in. This is the like-for-like comparison, and the goal is meant for it.
- **from samples**: the same, and before it what upstream has not: every sample is classed by age, value and label, samples
  of pods are put in order, and the reading gets a quality.
- **decide()**: everything else too: windows, policies, bounds, health, shares, conditions, the record of steps, memory
  read and written. Upstream has most of that in its reconcile, which is not timed here.

Each cell: median time, allocations. The ratio says how often ours fits into upstream's time.

| | upstream | arithmetic | | from samples | | decide() | |
|---|---|---|---|---|---|---|---|
{duels}

{_verdict(ours, theirs)} Under 1 x ours takes longer, for it does more.

## A stream

`evenkeel decide --stream`, the real command between two pipes, {LINES:,} snapshots of at most {line_bytes} bytes (one backend, two metrics),
flushed after each line: **{stream.wall:,.0f} snapshots a second** by the clock, {stream.cpu:,.0f} per second of its processor time; the goal
is {GOAL_LINES:,} a second: {met}.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="pairs of measurements (default: %(default)s)")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / "docs" / "performance.md")
    options = parser.parse_args()
    try:
        upstream = programs().tests
    except SetupError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    build()
    ours: list[Round] = []
    theirs: list[Round] = []
    for number in range(1, options.rounds + 1):
        ours.append(measure_ours())
        theirs.append(measure_upstream(upstream))
        print(f"bench: round {number} of {options.rounds}", file=sys.stderr)
    text = render(ours, theirs, *measure_stream(), _machine())
    options.output.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
