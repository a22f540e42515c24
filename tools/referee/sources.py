"""The sources of the referee: ours from tests/referee, upstream's from the pinned module, laid out in one Go module.

Upstream's files are not kept in the tree. They are taken from the Go module that tests/referee/go.mod pins, checked
against a checksum, and changed in three ways only: the clock is the referee's, ratios become counts through two
functions that can saturate and leave out surge pods, and every branch of tests/referee/upstream/branches.txt counts how often it was taken.
"""

import hashlib
import pathlib
import re
import shutil
from dataclasses import dataclass

from tools.paths import REPOSITORY
from tools.setup.errors import SetupError

OURS = REPOSITORY / "tests" / "referee"
MODULE = "k8s.io/kubernetes"
PACKAGE = pathlib.PurePath("pkg", "controller", "podautoscaler")
UPSTREAM = {
    "horizontal.go": "746cd7e76d7ce402f34da370c51308b1939623a061d1a0ad907ed89e3e8416dc",
    "rate_limiters.go": "644cced7f685a79f489025c269773b7e46144b561eb08c326b750458d0dc377e",
    "replica_calculator.go": "4393dd24823b1eed51b3e64210e50f857447618f987695bc7cfae775ee473e53",
}


@dataclass(frozen=True)
class Change:
    file: str
    old: str
    new: str
    times: int


CHANGES = (
    Change("horizontal.go", "time.Now()", "refereeNow()", 14),
    Change("replica_calculator.go", "time.Now()", "refereeNow()", 1),
    Change("replica_calculator.go", "int32(math.Ceil(", "refereeCount(math.Ceil(", 7),
    Change("replica_calculator.go", "(newUsageRatio * float64(", "(refereeProduct(newUsageRatio, ", 2),
    Change("replica_calculator.go", "(usageRatio * float64(", "(refereeProduct(usageRatio, ", 3),
)


@dataclass(frozen=True)
class Branch:
    file: str
    line: int
    condition: str
    name: str


def branches() -> list[Branch]:
    table = OURS / "upstream" / "branches.txt"
    found = []
    for number, text in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        parts = re.fullmatch(r"(\w+\.go):(\d+) \|(.*)\| (.+)", text)
        if parts is None:
            raise SetupError(f"{table.name}:{number} does not read `file:line | condition | name`")
        found.append(Branch(parts[1], int(parts[2]), parts[3].strip(), parts[4]))
    return found


def lay_out(module: pathlib.Path, folder: pathlib.Path) -> None:
    """Fills `folder` with the whole Go module; `module` is where Go keeps the unpacked upstream one."""
    shutil.copytree(OURS, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    table = branches()
    for name, checksum in UPSTREAM.items():
        text = (module / PACKAGE / name).read_text(encoding="utf-8")
        if hashlib.sha256(text.encode()).hexdigest() != checksum:
            raise SetupError(
                f"{PACKAGE / name} of {MODULE} is not the file that the referee was written for",
                remedy="compare the two versions, then correct the checksums, tests/referee/upstream/branches.txt "
                "and whatever the difference means for docs/decision.md",
            )
        (folder / "upstream" / name).write_text(_changed(name, text, table), encoding="utf-8")
    (folder / "upstream" / "branches.go").write_text(_names(table), encoding="utf-8")


def _changed(name: str, text: str, table: list[Branch]) -> str:
    lines = text.splitlines(keepends=True)
    for index, branch in enumerate(table):
        if branch.file != name:
            continue
        count = f"taken({index})"
        statement = f"if {branch.condition} {{ {count} }}" if branch.condition else count
        # In the same line, so that messages of the compiler still name upstream's lines.
        lines[branch.line - 1] = f"{statement}; {lines[branch.line - 1].lstrip()}"
    text = "".join(lines)
    for change in CHANGES:
        if change.file != name:
            continue
        if text.count(change.old) != change.times:
            raise SetupError(
                f"{name} has {change.old} {text.count(change.old)} times, not {change.times}",
                remedy="correct CHANGES in tools/referee/sources.py",
            )
        text = text.replace(change.old, change.new)
    return text


def _names(table: list[Branch]) -> str:
    names = "".join(f"\t{_quoted(branch.name)},\n" for branch in table)
    return f"package podautoscaler\n\n// Branches are the names of branches.txt, in order.\nvar Branches = [...]string{{\n{names}}}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
