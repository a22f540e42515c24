"""Checks that every room includes only what docs/architecture.md allows it.

Run as `python3 -m tools.checks.layers [ROOT]`; prints `file:line: what is wrong` and exits 1 on any finding.
"""

import dataclasses
import pathlib
import re
import sys
from collections.abc import Iterator

# Room -> rooms that its public and private files may include, besides itself. The order is that of the house.
MAY_KNOW: dict[str, set[str]] = {
    "base": set(),
    "api": {"base"},
    "scaling": {"base", "api"},
    "balancing": {"base", "api"},
    "failover": {"base", "api"},
    "routing": {"base", "api"},
    "plan": {"base", "api", "scaling", "balancing", "failover", "routing"},
    "simulation": {"base", "api", "plan"},
    "http": {"base"},
    "kube": {"base", "api", "http"},
    "signals": {"base", "api", "http"},
    "ops": {"base"},
    # routing: only its pure reading of live shares, which a snapshot needs on adoption.
    "controller": {"base", "api", "plan", "routing", "kube", "signals", "ops"},
    "cli": {
        "base", "api", "scaling", "balancing", "failover", "routing", "plan", "simulation",
        "http", "kube", "signals", "controller", "ops",
    },
}  # fmt: skip

CORE = {"base", "api", "scaling", "balancing", "failover", "routing", "plan", "simulation"}

OWN_INCLUDE = re.compile(r'^\s*#\s*include\s+"evenkeel/(\w+)/')
INCLUDE = re.compile(r"^\s*#\s*include\s+<([^>]+)>")
CLOCK = re.compile(r"\b\w*_clock::now\s*\(|\b(?:time|gettimeofday|clock_gettime)\s*\(\s*(?:nullptr|NULL|&|CLOCK_)")
SLEEP = re.compile(r"\bsleep_(?:for|until)\b|\bu?sleep\s*\(|time\.sleep\s*\(")
GETENV = re.compile(r"\bgetenv\s*\(")

# What the core may not touch: it has no I/O, threads, clock, logging or globals.
CORE_BANNED = re.compile(
    r"^(?:cpprest|pplx|prometheus|spdlog|thread|future|fstream|iostream|filesystem|condition_variable)\b"
)
# Libraries that stay behind the walls of the rooms that use them; a room's own .cpp files may include them.
WALLS = {
    "cpprest": {"http"},
    "pplx": {"http"},
    "prometheus": {"ops"},
    "spdlog": {"ops"},
    "CLI": {"cli"},
}
NOT_IN_PUBLIC_HEADERS = re.compile(r"^(?:cpprest|pplx|nlohmann/json\.hpp|yaml-cpp|prometheus|simdjson|spdlog)")
CLOCK_HOME = pathlib.PurePath("src/base/clock.cpp")
GUARDED_HOME = pathlib.PurePath("include/evenkeel/base/guarded.hpp")


@dataclasses.dataclass(frozen=True)
class Finding:
    path: pathlib.PurePath
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def _lines(root: pathlib.Path, path: pathlib.Path) -> Iterator[tuple[pathlib.PurePath, int, str]]:
    relative = path.relative_to(root)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield relative, number, line


def _sources(root: pathlib.Path, *folders: str) -> Iterator[pathlib.Path]:
    for folder in folders:
        for suffix in ("*.hpp", "*.cpp"):
            yield from sorted((root / folder).rglob(suffix))


def _room_of(relative: pathlib.PurePath) -> str:
    return relative.parts[2] if relative.parts[0] == "include" else relative.parts[1]


def _check_library(relative: pathlib.PurePath, room: str, library: str) -> str | None:
    home = WALLS.get(library.split("/")[0].split(".")[0])
    if home is not None and room not in home:
        return f"<{library}> stays inside room {' or '.join(sorted(home))}"
    if relative.parts[0] == "include" and NOT_IN_PUBLIC_HEADERS.match(library):
        return f"<{library}> in a public header: hand over plain structs (json_fwd.hpp at most)"
    if room in CORE and CORE_BANNED.match(library):
        return f"<{library}> in {room}: the core has no I/O, threads or logging"
    return None


def _check_line(relative: pathlib.PurePath, line: str) -> Iterator[str]:
    room = _room_of(relative)
    if room not in MAY_KNOW:
        yield f"room {room} is not in the house: add it to docs/architecture.md and tools/checks/layers.py first"
        return
    own = OWN_INCLUDE.match(line)
    if own and own[1] != room and own[1] not in MAY_KNOW[room]:
        yield f"{room} may not include {own[1]}"
    library = INCLUDE.match(line)
    if library:
        complaint = _check_library(relative, room, library[1])
        if complaint:
            yield complaint
        if library[1] == "mutex" and room in CORE and relative != GUARDED_HOME:
            yield f"<mutex> in {room}: the core has no threads"
    code = line.split("//")[0]
    if CLOCK.search(code) and relative != CLOCK_HOME:
        yield f"the clock is read in {CLOCK_HOME} only: take the time as an argument"
    if SLEEP.search(code):
        yield "no sleeping: wait on a condition with a deadline"
    if GETENV.search(code) and room != "cli":
        yield "the environment is read in cli only: take the value as an argument"


def findings(root: pathlib.Path) -> list[Finding]:
    """Every violation below `root`, in the order of files and lines."""
    found = []
    for path in _sources(root, "include/evenkeel", "src"):
        for relative, number, line in _lines(root, path):
            found += [Finding(relative, number, message) for message in _check_line(relative, line)]
    for path in _sources(root, "tests"):
        for relative, number, line in _lines(root, path):
            if SLEEP.search(line.split("//")[0]):
                found.append(Finding(relative, number, "no sleeps in tests: wait for a condition with a deadline"))
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = findings(root)
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
