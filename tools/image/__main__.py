"""Builds container images and prints, for each, its name and where its archive is."""

import argparse
import signal
import sys

from tools.image import IMAGES, build_image
from tools.setup import SetupError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.image", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(IMAGES)} (default: all)")
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # Ended politely: the running build goes with us.
    try:
        for name in options.names or IMAGES:
            image = build_image(name)
            print(f"{image.name} {image.archive}")
    except SetupError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("image: interrupted; the layers that were finished are kept", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
