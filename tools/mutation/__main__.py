"""Would the tests notice? Flips one comparison, rounding or order in the core at a time and runs the tests.

A mutant is killed when a test fails or does not end. What survives is a gap in the tests, or code that does not
matter; both are worth a look. Mutants that do not compile, and those that are listed with a proof that they change
nothing (tools/mutation/equivalent.txt), are not counted. Works on a copy below build/mutation, unsanitized: the question
is what tests see, not what sanitizers see.
"""

import argparse
import collections
import pathlib
import sys
import time

from tools.mutation.places import KINDS, ROOMS, Mutant, equivalents, places, sample
from tools.mutation.workshop import STILLBORN, Judge, Workshop, order_for
from tools.paths import REPOSITORY
from tools.referee.program import programs
from tools.setup import SetupError

PLACE = REPOSITORY / "build" / "mutation"
# What the last run found: `--survivors` judges again what it left alive.
OUTCOME = PLACE / "outcome.tsv"
SURVIVED = "SURVIVED"
ENOUGH = 90.0


def main() -> int:
    options = _parse()
    everywhere = places(REPOSITORY, tuple(options.rooms))
    proven = equivalents()
    there = {mutant.key for mutant in places(REPOSITORY)}
    unknown = [key for key in proven if key not in there]
    for path, text, change in unknown:
        print(f"tools/mutation/equivalent.txt names what is not there: {path}: {text}: {change}", file=sys.stderr)
    if options.files:
        everywhere = [m for m in everywhere if any(m.path.match(pattern) for pattern in options.files)]
    everywhere = [m for m in everywhere if m.kind in options.kinds]
    chosen = sample(everywhere, options.mutants, options.seed)
    print(f"{len(everywhere)} places, {len(chosen)} chosen with seed {options.seed}")
    if options.list:
        print(*chosen, sep="\n")
        return 0
    before = _last_outcome(chosen) if options.survivors else {}
    workshop = Workshop(REPOSITORY, PLACE)
    if not workshop.set_up():
        print(f"mutation: cmake could not configure {workshop.build}", file=sys.stderr)
        return 2
    try:
        judges = workshop.judges(programs().referee)
    except SetupError as error:
        print(f"{error}\ngoing on without the referee", file=sys.stderr)
        judges = workshop.judges(None)
    if options.quick:
        judges = [judge for judge in judges if judge.name.startswith("unit_")]
    # Only tests that pass on the code as it is can tell a mutant from it.
    judges = [judge for judge in judges if workshop.try_out(judge)]
    for judge in judges:
        print(f"judge {judge.name}: {workshop.seconds[judge.name]:.1f} s", flush=True)
    outcome: dict[Mutant, str] = {}
    try:
        _judge_all([m for m in chosen if m.key not in proven], workshop, judges, before, options.minutes, outcome)
    except KeyboardInterrupt:
        print("interrupted")
    return _report(outcome, sum(mutant.key in proven for mutant in chosen))


def _judge_all(
    chosen: list[Mutant], workshop: Workshop, judges: list[Judge], before: dict[Mutant, str], minutes: float,
    outcome: dict[Mutant, str],
) -> None:  # fmt: skip
    end = time.monotonic() + 60 * minutes
    for mutant in chosen:
        if before.get(mutant, SURVIVED) != SURVIVED:
            outcome[mutant] = before[mutant]
            continue
        if time.monotonic() > end:
            print(f"the {minutes:g} minutes are over")
            return
        outcome[mutant] = workshop.verdict(mutant, order_for(mutant, judges)) or SURVIVED
        print(f"{outcome[mutant]}\t{mutant}", flush=True)
        _write_outcome(outcome)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tools.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=ROOMS)
    parser.add_argument("--files", nargs="+", metavar="PATTERN", help="only in these, as in src/plan/m*.cpp")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--quick", action="store_true", help="unit tests only, without the slow ones")
    parser.add_argument("--minutes", type=float, default=600, help="stop and report after so long")
    parser.add_argument("--list", action="store_true", help="only print what would be changed")
    parser.add_argument("--survivors", action="store_true", help="judge again only what the last run left alive")
    return parser.parse_args()


def _write_outcome(outcome: dict[Mutant, str]) -> None:
    OUTCOME.write_text("".join(f"{mutant}\t{by}\n" for mutant, by in outcome.items()), encoding="utf-8")


def _last_outcome(chosen: list[Mutant]) -> dict[Mutant, str]:
    lines = OUTCOME.read_text(encoding="utf-8").splitlines() if OUTCOME.exists() else []
    known = dict(line.rsplit("\t", 1) for line in lines)
    return {mutant: known[str(mutant)] for mutant in chosen if str(mutant) in known}


def _report(outcome: dict[Mutant, str], proven: int) -> int:
    counted = {mutant: by for mutant, by in outcome.items() if by != STILLBORN}
    killed = sum(by != SURVIVED for by in counted.values())
    share = 100 * killed / max(1, len(counted))
    print(f"\n{killed} of {len(counted)} mutants killed: {share:.1f} %")
    print(f"not counted: {len(outcome) - len(counted)} that do not compile, {proven} that provably change nothing")
    for name, value_of in (("room", lambda m: m.room), ("kind", lambda m: m.kind), ("by", lambda m: outcome[m])):
        by = collections.defaultdict(list)
        for mutant in counted:
            by[value_of(mutant)].append(counted[mutant] != SURVIVED)
        for value, results in sorted(by.items()):
            print(f"  {name} {value}: " + (f"{len(results)}" if name == "by" else f"{sum(results)} of {len(results)}"))
    for mutant, by in counted.items():
        if by == SURVIVED:
            print(f"{SURVIVED} {mutant}\n    {mutant.text}")
    return 0 if share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
