"""A copy of the tree in which mutants are built and judged, one at a time."""

import dataclasses
import os
import pathlib
import resource
import shutil
import subprocess
import time

from tools.mutation.places import ROOMS, Mutant

BUILD_SECONDS = 1800
# A mutant may loop while it allocates; the machine is not its own.
MOST_MEMORY = 4 << 30
REFEREE_STEPS = 20_000
DECISIONS = 5_000
# The one slow test among the unit tests: it is asked after all others.
SLOW = "WhatAlwaysHolds.*"
# The referee knows services of one backend, sized: nothing of what these rooms do.
NOT_REFEREED = ("balancing", "failover", "routing")

STILLBORN = "does not compile"


@dataclasses.dataclass(frozen=True)
class Judge:
    """One test program. `command` runs it, `target` builds it."""

    name: str
    target: str
    command: tuple[str, ...]


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


class Workshop:
    def __init__(self, root: pathlib.Path, place: pathlib.Path) -> None:
        self.root = root
        self.tree = place / "tree"
        # As deep below the sources as other build folders, so that ccache recognises what they have compiled.
        self.build = self.tree / "build" / "fast"
        self.seconds: dict[str, float] = {}  # How long a judge takes over the code as it is.

    def set_up(self) -> bool:
        """Copies what has changed since the last time and configures. What a killed run left is put right."""
        self._copy()
        self.build.mkdir(parents=True, exist_ok=True)
        command = [
            "cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DCMAKE_BUILD_TYPE=Debug",
            "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_CXX_FLAGS=-O0 -g0 -D_GLIBCXX_ASSERTIONS",
        ]  # fmt: skip
        return self._run(command, BUILD_SECONDS)

    def judges(self, referee: pathlib.Path | None) -> list[Judge]:
        judges = []
        for room in ROOMS:
            program = (str(self.build / f"src/{room}/unit_{room}"), "--gtest_brief=1", "--gtest_fail_fast")
            judges.append(Judge(f"unit_{room}", f"unit_{room}", (*program, f"--gtest_filter=-{SLOW}")))
            if room == "plan":
                judges.append(Judge("random services", f"unit_{room}", (*program, f"--gtest_filter={SLOW}")))
        property_program = str(self.build / "tests/property/property")
        known = f"--open={self.tree / 'tests/property/open.txt'}"
        judges.append(
            Judge(
                "property",
                "property",
                (property_program, f"--decisions={DECISIONS}", "--seed=1", "--budget=0", known),
            )
        )
        if referee:
            evenkeel = str(self.build / "src/cli/evenkeel")
            judges.append(
                Judge("referee", "evenkeel", (str(referee), f"--evenkeel={evenkeel}", f"--steps={REFEREE_STEPS}"))
            )
        return judges

    def try_out(self, judge: Judge) -> bool:
        """Whether the judge passes the code as it is: only then can it tell a mutant."""
        if not self._build(judge):
            return False
        begin = time.monotonic()
        passes = self._run(judge.command, BUILD_SECONDS)
        self.seconds[judge.name] = time.monotonic() - begin
        return passes

    def verdict(self, mutant: Mutant, judges: list[Judge]) -> str | None:
        """The name of the judge that kills it, or STILLBORN; None: it survives."""
        path = self.tree / mutant.path
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(original), encoding="utf-8")
        try:
            for judge in judges:
                if not self._build(judge):
                    return STILLBORN
                # Other work on the machine must not look like an endless loop.
                if not self._run(judge.command, 20 + 10 * self.seconds[judge.name]):
                    return judge.name
            return None
        finally:
            path.write_text(original, encoding="utf-8")

    def _build(self, judge: Judge) -> bool:
        return self._run(["ninja", "-C", self.build, "-j1", judge.target], BUILD_SECONDS)

    def _run(self, command: list | tuple, seconds: float) -> bool:
        environment = os.environ | {"GOMAXPROCS": "1"}
        is_build = command[0] in ("cmake", "ninja", str(self.build))
        try:
            done = subprocess.run(
                ["nice", "-n", "5", *map(str, command)], cwd=self.build, timeout=seconds, capture_output=True,
                check=False, env=environment,
                preexec_fn=None if is_build or "referee" in str(command[0]) else _limit_memory,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _copy(self) -> None:
        listing = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=self.root, capture_output=True, text=True, check=True,
        )  # fmt: skip
        wanted = set()
        for name in listing.stdout.splitlines():
            source = self.root / name
            if not source.is_file():
                continue
            wanted.add(name)
            copy = self.tree / name
            # Unchanged files keep their time, so that a second run compiles only what is new.
            if copy.exists() and copy.read_bytes() == source.read_bytes():
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        for folder in ("src", "include", "tests"):
            for copy in (self.tree / folder).rglob("*"):
                if copy.is_file() and str(copy.relative_to(self.tree)) not in wanted:
                    copy.unlink()


def order_for(mutant: Mutant, judges: list[Judge]) -> list[Judge]:
    """The quick and the near first: the room's own tests, the plan's, those of rooms above, then the long runs."""
    able = set(ROOMS[ROOMS.index(mutant.room) :])
    first = [f"unit_{mutant.room}", "unit_plan"]
    rank = {judge.name: first.index(judge.name) if judge.name in first else 9 for judge in judges}
    chosen = [j for j in judges if not j.name.startswith("unit_") or j.name.removeprefix("unit_") in able]
    if mutant.room in NOT_REFEREED:
        chosen = [judge for judge in chosen if judge.name != "referee"]
    return sorted(chosen, key=lambda judge: rank[judge.name] + 10 * (not judge.name.startswith("unit_")))
