"""Runs clang-tidy over the sources of a build directory, remembering what was clean.

`python3 -m tools.checks.tidy BUILD_DIR [PATH...]` checks every file of the compilation database below src/, include/ and
tests/ (or those named). A file whose preprocessed text, rules and compiler are those of an earlier clean run is not checked
again: a full run costs minutes, a repeated one seconds.
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

from tools.paths import REPOSITORY, cache_dir
from tools.setup import SetupError, ensure

PROGRESS_SECONDS = 20.0


@dataclasses.dataclass(frozen=True)
class Unit:
    """One entry of the compilation database."""

    path: pathlib.Path
    directory: pathlib.Path
    arguments: tuple[str, ...]


def _compiler_arguments(command: str) -> tuple[str, ...]:
    """The compiler's own command line, without a launcher such as ccache before it."""
    words = shlex.split(command)
    for index, word in enumerate(words):
        if pathlib.PurePath(word).name.startswith(("clang++", "g++", "c++")):
            return tuple(words[index:])
    return tuple(words)


def units(build: pathlib.Path, wanted: list[pathlib.Path]) -> list[Unit]:
    database = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    found = {}
    for entry in database:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if not path.is_relative_to(REPOSITORY) or path.is_relative_to(build.resolve()):
            continue
        if wanted and not any(path.is_relative_to(place) for place in wanted):
            continue
        found[path] = Unit(path, pathlib.Path(entry["directory"]), _compiler_arguments(entry["command"]))
    return [found[path] for path in sorted(found)]


def _key(unit: Unit, rules: bytes) -> str | None:
    """What the verdict depends on; None where the file does not even preprocess (clang-tidy then says why)."""
    arguments = [word for word in unit.arguments if word != "-c"]
    if "-o" in arguments:
        at = arguments.index("-o")
        del arguments[at : at + 2]
    text = subprocess.run([*arguments, "-E", "-C", "-o", "-"], cwd=unit.directory, capture_output=True, check=False)
    if text.returncode != 0:
        return None
    # Line markers hold the checkout's path; two clones of the same text share the verdict.
    preprocessed = text.stdout.replace(str(REPOSITORY).encode(), b".")
    return hashlib.sha256(rules + b"\0" + preprocessed).hexdigest()


@dataclasses.dataclass(frozen=True)
class Checker:
    command: pathlib.Path
    build: pathlib.Path
    version: bytes
    memory: pathlib.Path

    def rules(self, path: pathlib.Path) -> bytes:
        """What a verdict depends on beside the text: the checker, and every rule file from the file's folder up."""
        folders = [folder for folder in path.parents if folder.is_relative_to(REPOSITORY)]
        files = [folder / ".clang-tidy" for folder in folders]
        return self.version + b"".join(file.read_bytes() for file in files if file.exists())


def _check(unit: Unit, checker: Checker) -> tuple[Unit, bool, str]:
    key = _key(unit, checker.rules(unit.path))
    stamp = checker.memory / key if key else None
    if stamp and stamp.exists():
        return unit, True, ""
    run = subprocess.run(
        [str(checker.command), "-quiet", "-p", str(checker.build), str(unit.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0 and stamp:
        stamp.touch()
    return unit, run.returncode == 0, run.stdout + (run.stderr if run.returncode else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="build directory with compile_commands.json")
    parser.add_argument("paths", type=pathlib.Path, nargs="*", help="only files below these")
    options = parser.parse_args()
    if not (options.build / "compile_commands.json").exists():
        print(f"{options.build}/compile_commands.json is not there: configure first (make build or make check)")
        return 2
    memory = cache_dir() / "tidy"
    memory.mkdir(parents=True, exist_ok=True)
    try:
        command = ensure("clang-tidy")["clang-tidy"]
    except SetupError as error:
        print(f"setup: {error}")
        return 1
    version = subprocess.run([command, "--version"], capture_output=True, check=True).stdout
    checker = Checker(command, options.build, version, memory)
    todo = units(options.build, [path.resolve() for path in options.paths])
    failed, done, started, told = 0, 0, time.monotonic(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for future in concurrent.futures.as_completed([pool.submit(_check, unit, checker) for unit in todo]):
            unit, clean, text = future.result()
            done += 1
            if not clean:
                failed += 1
                print(f"{unit.path.relative_to(REPOSITORY)}:\n{text}", flush=True)
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                print(f"clang-tidy: {done} of {len(todo)} files, {told - started:.0f} s", flush=True)
    print(f"clang-tidy: {len(todo)} files, {failed} with findings, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
