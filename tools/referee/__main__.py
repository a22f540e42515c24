"""Plays random lives to upstream's HorizontalPodAutoscaler controller and to `evenkeel decide --stream`, and compares."""

import argparse
import os
import pathlib
import subprocess
import sys

from tools.paths import REPOSITORY
from tools.referee.program import programs
from tools.setup import SetupError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.referee",
        description=__doc__,
        epilog="Other arguments go to the referee: --steps N, --seed S, --life L (only this life of the seed).",
    )
    parser.add_argument(
        "--evenkeel",
        type=pathlib.Path,
        default=REPOSITORY / "build" / "release" / "src" / "cli" / "evenkeel",
        help="the binary to examine (default: that of `make build`)",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--self-test", action="store_true", help="show that the rules for differences are tight")
    choice.add_argument("--bench", action="store_true", help="time upstream's replica computation alone")
    choice.add_argument("--build", action="store_true", help="only build")
    options, rest = parser.parse_known_args()
    try:
        built = programs()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if options.build:
        return 0
    if options.self_test:
        return _run([built.tests, "-test.v", *rest])
    if options.bench:
        return _run([built.tests, "-test.run", "^$", "-test.bench", ".", "-test.benchmem", *rest])
    if not options.evenkeel.is_file():
        print(f"{options.evenkeel} is not there: run `make build`, or name a binary with --evenkeel", file=sys.stderr)
        return 1
    return _run([built.referee, "--evenkeel", options.evenkeel, *rest])


def _run(argv: list[object]) -> int:
    # One thread of Go is what the lives need; the others would only collect garbage beside everybody's work.
    environment = os.environ | {"GOMAXPROCS": os.environ.get("GOMAXPROCS", "2")}
    try:
        return subprocess.run([str(word) for word in argv], env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
