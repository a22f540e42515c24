"""Asks whether the tests would notice: flips one comparison, rounding or order in the core at a time and runs the tests.

    python3 -m tools.mutation [--mutants 120] [--seed 1] [--rooms scaling plan] [--list]

A mutant is killed when it does not compile, when a test fails or when a test does not end. What survives is either a
gap in the tests or code that does not matter; both are worth a look. Works on a copy below build/mutation, one mutant
at a time, unsanitized: the question is what tests see, not what sanitizers see.
"""

import argparse
import collections
import dataclasses
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
TREE = ROOT / "build" / "mutation" / "tree"
# As deep below the sources as other build folders, so that ccache recognises what they have compiled.
BUILD = TREE / "build" / "fast"
# The rooms that decide. Reading and printing (api) is proved by the corpus of manifests and by fuzzing.
ROOMS = ("base", "scaling", "balancing", "failover", "routing", "plan")
TEST_SECONDS = 90
BUILD_SECONDS = 900

COMPARISONS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
}  # fmt: skip
ROUNDINGS = {
    "std::ceil(": "std::floor(", "std::floor(": "std::ceil(", "std::round(": "std::floor(",
    "std::lround(": "std::lrint(0.49 + ", "std::trunc(": "std::ceil(",
    "chrono::floor<": "chrono::ceil<", "chrono::ceil<": "chrono::floor<",
}  # fmt: skip
ORDERS = {
    "std::min(": "std::max(", "std::max(": "std::min(", "std::min<": "std::max<", "std::max<": "std::min<",
    ".front()": ".back()", ".back()": ".front()", "min_element(": "max_element(", "max_element(": "min_element(",
    "any_of(": "all_of(", "all_of(": "any_of(", "none_of(": "any_of(",
    "lower_bound(": "upper_bound(", "upper_bound(": "lower_bound(", " && ": " || ", " || ": " && ",
}  # fmt: skip
KINDS = {"comparison": COMPARISONS, "rounding": ROUNDINGS, "order": ORDERS}


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: pathlib.PurePath  # Relative to the root.
    line: int
    column: int
    kind: str
    before: str
    after: str

    @property
    def room(self) -> str:
        return self.path.parts[1]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column + 1}: {self.before.strip()} -> {self.after.strip()}"


def _code_of(line: str) -> str:
    """The line with strings and comments blanked out, columns kept."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', lambda text: '"' + " " * (len(text[0]) - 2) + '"', line)
    comment = line.find("//")
    return line if comment < 0 else line[:comment]


def _skipped(code: str) -> bool:
    return code.lstrip().startswith(("#", "*", "template", "static_assert")) or "[[nodiscard]]" in code


def places(root: pathlib.Path, rooms: tuple[str, ...]) -> list[Mutant]:
    """Every mutant that there is, in the order of files and lines."""
    found = []
    for room in rooms:
        for path in sorted((root / "src" / room).glob("*.cpp")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                code = _code_of(line)
                if _skipped(code):
                    continue
                for kind, table in KINDS.items():
                    for before, after in table.items():
                        for match in re.finditer(re.escape(before), code):
                            found.append(
                                Mutant(path.relative_to(root), number, match.start(), kind, before, after)
                            )
    return found


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """A seeded choice, every kind with its share."""
    chosen = random.Random(seed).sample(mutants, min(count, len(mutants)))
    return sorted(chosen, key=lambda mutant: (str(mutant.path), mutant.line, mutant.column))


def _run(command: list[str], seconds: int, cwd: pathlib.Path = BUILD) -> bool:
    try:
        done = subprocess.run(
            ["nice", "-n", "10", *command], cwd=cwd, timeout=seconds, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _copy_tree() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = set()
    for name in listing.stdout.splitlines():
        source = ROOT / name
        if not source.is_file():
            continue
        wanted.add(name)
        copy = TREE / name
        # Unchanged files keep their time, so that a second run compiles only what is new.
        if copy.exists() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    for copy in list((TREE / "src").rglob("*.cpp")) + list((TREE / "tests").rglob("*.cpp")):
        if str(copy.relative_to(TREE)) not in wanted:
            copy.unlink()


def _targets(room: str) -> list[str]:
    # What a room decides shows in the decision, so the decision's own tests judge it too.
    return list(dict.fromkeys([f"unit_{room}", "unit_plan", "property"]))


def _program(target: str) -> pathlib.Path:
    folder = f"src/{target.removeprefix('unit_')}" if target.startswith("unit_") else "tests/property"
    return BUILD / folder / target


def _passes(target: str) -> bool:
    """Builds one test program and runs it."""
    if not _run(["cmake", "--build", ".", "-j1", "--target", target], BUILD_SECONDS):
        return False
    command = [str(_program(target))]
    command += ["--decisions=1500", "--budget=0"] if target == "property" else ["--gtest_brief=1"]
    return _run(command, TEST_SECONDS)


def _configure() -> bool:
    BUILD.mkdir(parents=True, exist_ok=True)
    return _run(
        ["cmake", "-G", "Ninja", "-S", str(TREE), "-B", str(BUILD), "-DCMAKE_BUILD_TYPE=Debug",
         "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_CXX_FLAGS=-O0 -g0"],
        BUILD_SECONDS,
    )  # fmt: skip


def _judge(mutant: Mutant, judges: dict[str, list[str]]) -> str | None:
    """The target that killed the mutant; None: it survived."""
    path = TREE / mutant.path
    original = path.read_text(encoding="utf-8")
    lines = original.splitlines(keepends=True)
    line = lines[mutant.line - 1]
    end = mutant.column + len(mutant.before)
    lines[mutant.line - 1] = line[: mutant.column] + mutant.after + line[end:]
    path.write_text("".join(lines), encoding="utf-8")
    try:
        return next((target for target in judges[mutant.room] if not _passes(target)), None)
    finally:
        path.write_text(original, encoding="utf-8")


def _report(outcome: dict[Mutant, str | None]) -> None:
    killed = sum(target is not None for target in outcome.values())
    print(f"\n{killed} of {len(outcome)} mutants killed: {100 * killed / max(1, len(outcome)):.1f} %")
    for name, key in (("room", lambda m: m.room), ("kind", lambda m: m.kind)):
        by = collections.defaultdict(list)
        for mutant, target in outcome.items():
            by[key(mutant)].append(target is not None)
        for value, results in sorted(by.items()):
            print(f"  {name} {value}: {sum(results)} of {len(results)}")
    for mutant, target in outcome.items():
        if target is None:
            print(f"SURVIVED {mutant}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=ROOMS)
    parser.add_argument("--minutes", type=float, default=600, help="stop and report after so long")
    parser.add_argument("--list", action="store_true", help="only print what would be changed")
    options = parser.parse_args()
    everywhere = places(ROOT, tuple(options.rooms))
    chosen = sample(everywhere, options.mutants, options.seed)
    print(f"{len(everywhere)} places, {len(chosen)} chosen with seed {options.seed}")
    if options.list:
        print(*chosen, sep="\n")
        return 0
    _copy_tree()
    if not _configure():
        print(f"mutation: cmake could not configure {BUILD}", file=sys.stderr)
        return 2
    # Only tests that pass on the code as it is can tell a mutant from it.
    passing = {t for t in dict.fromkeys(t for room in options.rooms for t in _targets(room)) if _passes(t)}
    judges = {room: [t for t in _targets(room) if t in passing] for room in options.rooms}
    print("judges:", *sorted(passing), flush=True)
    outcome: dict[Mutant, str | None] = {}
    end = time.monotonic() + 60 * options.minutes
    # In random order, so that a run that ends early has seen a fair sample.
    for mutant in random.Random(options.seed).sample(chosen, len(chosen)):
        if time.monotonic() > end:
            break
        outcome[mutant] = _judge(mutant, judges)
        print(f"{outcome[mutant] or 'SURVIVED'}\t{mutant}", flush=True)
    _report(outcome)
    return 0


if __name__ == "__main__":
    sys.exit(main())
