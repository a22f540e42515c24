"""Images: what decides whether one is built again, and what is said of a name or file that is not there."""

import pathlib
import tempfile
import unittest
from collections.abc import Callable

from tools.image import IMAGES, build_image, sources
from tools.paths import REPOSITORY
from tools.setup import SetupError

DOCKERFILE = """\
FROM debian:bookworm-slim AS build
COPY main.cpp lib*.txt ./
COPY --chmod=644 \\
  include include
RUN make # COPY nothing
FROM scratch
COPY --from=build /out /
"""


class SourcesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("main.cpp", "library.txt", "include/a/b.hpp", "unrelated.md"):
            self.write(name, name)
        self.write("Dockerfile", DOCKERFILE)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def checksum(self) -> str:
        return sources.checksum(self.root / "Dockerfile", self.root)

    def test_copied_names_are_those_taken_from_the_context(self) -> None:
        self.assertEqual(sources.copied(DOCKERFILE), ["main.cpp", "lib*.txt", "include"])

    def test_whatever_is_copied_decides(self) -> None:
        changes: dict[str, Callable[[], object]] = {
            "a file": lambda: self.write("main.cpp", "int main() {}"),
            "a file behind a pattern": lambda: self.write("libmore.txt", ""),
            "a file deep in a folder": lambda: self.write("include/a/b.hpp", "#pragma once"),
            "a name": lambda: (self.root / "include/a/b.hpp").rename(self.root / "include/a/c.hpp"),
            "a mode": lambda: (self.root / "main.cpp").chmod(0o755),
            "the Dockerfile": lambda: self.write("Dockerfile", DOCKERFILE + "USER 65532\n"),
        }
        for name, change in changes.items():
            with self.subTest(name):
                before = self.checksum()
                change()
                self.assertNotEqual(self.checksum(), before)

    def test_nothing_else_does(self) -> None:
        before = self.checksum()
        self.write("unrelated.md", "new")
        (self.root / "main.cpp").touch()
        self.assertEqual(self.checksum(), before)

    def test_a_copied_file_that_is_missing_is_named(self) -> None:
        (self.root / "main.cpp").unlink()
        with self.assertRaisesRegex(SetupError, "copies main.cpp, which is not in"):
            self.checksum()


class ImageTest(unittest.TestCase):
    def test_an_unknown_image_is_refused_with_the_known_ones(self) -> None:
        with self.assertRaisesRegex(SetupError, "(?s)no image 'shoppe'.*evenkeel, shop, pause"):
            build_image("shoppe")
        self.assertEqual(IMAGES, ("evenkeel", "shop", "pause"))

    def test_the_context_of_the_operator_is_what_its_dockerfile_copies(self) -> None:
        """.dockerignore lets exactly those names through: one more there, or one fewer, is a mistake."""
        copied = sources.copied((REPOSITORY / "Dockerfile").read_text(encoding="utf-8"))
        ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        self.assertEqual(sorted(line[1:] for line in ignored if line.startswith("!")), sorted(copied))


if __name__ == "__main__":
    unittest.main()
