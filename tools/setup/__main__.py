"""Command line of setup: fills the cache for one purpose, or says where a tool is."""

import argparse
import os
import signal
import sys

from tools.setup import SetupError, ensure, ensure_group, find, names
from tools.setup.catalogue import GROUPS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.setup", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--group", choices=sorted(GROUPS), help="packages and tools for one purpose (default: all)"
    )
    choice.add_argument(
        "--tool", metavar="NAME", action="append", choices=names(), help="only this tool; may be repeated"
    )
    choice.add_argument(
        "--print-path",
        metavar="NAME",
        choices=names(),
        help="print where the tool is if it is ready, else exit with 1; builds nothing",
    )
    choice.add_argument("--list", action="store_true", help="every tool, ready or not")
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # Ended politely: the running build goes with us.
    try:
        return _run(options)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; what was finished is kept", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    if options.print_path:
        path = find(options.print_path)
        if path is None:
            print(
                f"setup: {options.print_path} is not ready: run tools.setup --tool {options.print_path}",
                file=sys.stderr,
            )
            return 1
        print(path)
    elif options.list:
        for name in names():
            print(f"{name:24} {find(name) or '-'}")
    elif options.tool:
        for name, path in ensure(*options.tool).items():
            print(f"{name:24} {path}")
    else:
        ensure_group(options.group or "all")
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
