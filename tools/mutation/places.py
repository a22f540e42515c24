"""Where the core can be changed, and how."""

import dataclasses
import pathlib
import random
import re

# The rooms that decide, in the order of the house: a room may be used by those after it.
ROOMS = ("base", "api", "scaling", "balancing", "failover", "routing", "plan")
FOLDERS = ("src/{}/*.cpp", "src/{}/*.hpp", "include/evenkeel/{}/*.hpp")
EQUIVALENT = pathlib.Path(__file__).with_name("equivalent.txt")

# Two ways to get a comparison wrong: the wrong way round, and one too far.
COMPARISONS = {
    " < ": " >= ", " <= ": " > ", " > ": " <= ", " >= ": " < ", " == ": " != ", " != ": " == ",
}  # fmt: skip
BOUNDARIES = {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > "}
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
KINDS = {"comparison": COMPARISONS, "boundary": BOUNDARIES, "rounding": ROUNDINGS, "order": ORDERS}


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: pathlib.PurePath  # Relative to the root.
    line: int
    column: int
    kind: str
    before: str
    after: str
    text: str  # The line as it is, without indentation.

    @property
    def room(self) -> str:
        parts = self.path.parts
        return parts[1] if parts[0] == "src" else parts[2]

    @property
    def change(self) -> str:
        return f"{self.before.strip()} -> {self.after.strip()}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What the list of equivalent mutants calls it: line numbers would move away under it."""
        return (str(self.path), self.text, self.change)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column + 1}: {self.change}"

    def applied(self, source: str) -> str:
        lines = source.splitlines(keepends=True)
        line = lines[self.line - 1]
        assert line[self.column :].startswith(self.before), f"{self} is not there"
        lines[self.line - 1] = line[: self.column] + self.after + line[self.column + len(self.before) :]
        return "".join(lines)


def _code_of(line: str) -> str:
    """The line with strings and comments blanked out, columns kept."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', lambda text: '"' + " " * (len(text[0]) - 2) + '"', line)
    comment = line.find("//")
    return line if comment < 0 else line[:comment]


def _skipped(code: str) -> bool:
    # A mutated constraint or static assertion asks the compiler, not the tests.
    return code.lstrip().startswith(("#", "*", "template", "static_assert", "requires"))


def places(root: pathlib.Path, rooms: tuple[str, ...] = ROOMS) -> list[Mutant]:
    """Every mutant that there is, in the order of rooms, files and lines."""
    found = []
    for room in rooms:
        for path in sorted(file for folder in FOLDERS for file in root.glob(folder.format(room))):
            found += _places_of(root, path)
    return found


def _places_of(root: pathlib.Path, path: pathlib.Path) -> list[Mutant]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        code = _code_of(line)
        if _skipped(code):
            continue
        for kind, table in KINDS.items():
            for before, after in table.items():
                found += [
                    Mutant(path.relative_to(root), number, match.start(), kind, before, after, line.strip())
                    for match in re.finditer(re.escape(before), code)
                ]
    return found


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """A seeded choice over all places, in random order: a run that ends early has seen a fair part of it."""
    return random.Random(seed).sample(mutants, min(count, len(mutants)))


def equivalents(file: pathlib.Path = EQUIVALENT) -> dict[tuple[str, str, str], str]:
    """Mutants that provably change nothing, with the proof: `path<TAB>line<TAB>change<TAB>why` in every line."""
    listed = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        if not line or line.startswith("#"):
            continue
        path, text, change, why = line.split("\t")
        listed[path, text, change] = why
    return listed
