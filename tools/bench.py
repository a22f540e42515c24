"""Measures the decision and writes docs/performance.md: `make bench`.

    python3 -m tools.bench [--no-upstream] [--output docs/performance.md]

Decisions by Google Benchmark, `evenkeel decide --stream` by the clock, and the replica computation of Kubernetes'
HorizontalPodAutoscaler by Go's own benchmark, all in one run on one machine: only the ratios carry over to another.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import time

from tools.paths import REPOSITORY

BUILD = REPOSITORY / "build" / "bench"
LINES = 60_000
REPETITIONS = 5


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # Of the benchmark.
    title: str
    goal_us: float | None
    upstream: str | None  # The Go benchmark that computes the same.


CASES = (
    Case("one_backend_two_metrics", "one backend, two metrics", 5, "TwoExternalMetrics"),
    Case("hundred_pods", "one backend, 100 pods, CPU utilisation", 50, "Utilization100Pods"),
    Case("sixteen_backends", "16 backends in two tiers", 60, None),
    Case("line_of_a_stream", "snapshot read, decided and printed (one backend, two metrics)", 50, None),
)


@dataclasses.dataclass(frozen=True)
class Figure:
    nanoseconds: float
    allocations: float | None


def _output(command: list[str]) -> str:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def build() -> None:
    log = BUILD.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        for command in (
            ["cmake", "--preset", "bench"],
            ["cmake", "--build", "--preset", "bench", "--target", "bench_decide", "evenkeel"],
        ):
            if subprocess.run(command, cwd=REPOSITORY, stdout=stream, stderr=stream, check=False).returncode:
                raise SystemExit(f"bench: the build failed, see {log}")


def measure_decisions() -> dict[str, Figure]:
    """The quickest of the repetitions: what else the machine does only adds."""
    text = _output(
        [
            str(BUILD / "tests" / "bench" / "bench_decide"),
            "--benchmark_format=json",
            f"--benchmark_repetitions={REPETITIONS}",
            "--benchmark_min_time=0.3",
        ]
    )
    figures: dict[str, Figure] = {}
    for run in json.loads(text)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        figure = Figure(run["cpu_time"], run.get("allocations"))
        best = figures.get(run["run_name"])
        if best is None or figure.nanoseconds < best.nanoseconds:
            figures[run["run_name"]] = figure
    return figures


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
    line_bytes: int


def measure_stream() -> Stream:
    lines = [_line(number) for number in range(LINES)]
    text = ("\n".join(lines) + "\n").encode()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(
        [str(BUILD / "src" / "cli" / "evenkeel"), "decide", "--stream"],
        input=text,
        stdout=subprocess.PIPE,
        check=True,
    )
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answers = done.stdout.splitlines()
    if len(answers) != LINES or b'"error"' in answers[-1]:
        raise SystemExit(f"bench: the stream went wrong: {answers[-1:]}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Stream(LINES / wall, LINES / cpu, len(lines[0]))


def measure_upstream() -> dict[str, float]:
    """Nanoseconds per computation by the name of the Go benchmark; the quickest of the repetitions."""
    text = _output([sys.executable, "-m", "tools.referee", "--bench", f"-test.count={REPETITIONS}"])
    figures: dict[str, float] = {}
    for name, nanoseconds in re.findall(r"^Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", text, re.M):
        figures[name] = min(float(nanoseconds), figures.get(name, float("inf")))
    return figures


def _processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _versions() -> str:
    compiler = _output(["g++", "--version"]).splitlines()[0]
    return f"{platform.system()} {platform.release()}, {compiler}, Python {platform.python_version()}"


def _load() -> str:
    return pathlib.Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]


def render(figures: dict[str, Figure], stream: Stream, upstream: dict[str, float], load: str) -> str:
    rows = []
    for case in CASES:
        figure = figures[case.name]
        theirs = upstream.get(case.upstream or "")
        ratio = f"{theirs / 1000:.2f} us, {theirs / figure.nanoseconds:.1f} x" if theirs else "-"
        goal = f"< {case.goal_us:g} us" if case.goal_us else "-"
        allocations = "-" if figure.allocations is None else f"{figure.allocations:.0f}"
        rows.append(
            f"| {case.title} | {figure.nanoseconds / 1000:.2f} us | {goal} | {allocations} | {ratio} |"
        )
    table = "\n".join(rows)
    cores = os.cpu_count()
    return f"""# Performance

Written by `make bench`; do not edit. Processor time of one thread, the quickest of {REPETITIONS} runs; {_processor()}
({platform.machine()}, {cores} cores, load average {load} when the run began), {_versions()}, built as what is
shipped. On another machine the times differ; the ratios to upstream, measured in the same run, carry over.

| one decision | time | goal | allocations | upstream's replica computation alone |
|---|---|---|---|---|
{table}

The last column is the replica calculator of Kubernetes' HorizontalPodAutoscaler on inputs that are ready: no reconcile, no
events, no status, while ours includes health, shares, memory read and written, and the record of every step.

`evenkeel decide --stream`, snapshots of {stream.line_bytes} bytes (one backend, two metrics): {stream.cpu:,.0f} a second of
processor time, {stream.wall:,.0f} a second by the clock with what else the machine did; the goal is 20,000.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.bench", description=__doc__)
    parser.add_argument("--no-upstream", action="store_true", help="leave the comparison out")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / "docs" / "performance.md")
    options = parser.parse_args()
    build()
    load = _load()
    figures = measure_decisions()
    stream = measure_stream()
    upstream = {} if options.no_upstream else measure_upstream()
    text = render(figures, stream, upstream, load)
    options.output.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
