"""The referee's sources: what is taken from upstream is what was pinned, and its branches are countable."""

import collections
import pathlib
import tempfile
import unittest

from tools.referee import sources
from tools.setup import SetupError


class SourcesTest(unittest.TestCase):
    def test_a_file_of_upstream_that_is_not_the_pinned_one_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            module = pathlib.Path(scratch, "module")
            (module / sources.PACKAGE).mkdir(parents=True)
            for name in sources.UPSTREAM:
                (module / sources.PACKAGE / name).write_text("package podautoscaler\n", encoding="utf-8")
            with self.assertRaisesRegex(SetupError, "horizontal.go .* is not the file"):
                sources.lay_out(module, pathlib.Path(scratch, "laid out"))

    def test_every_branch_has_a_name_of_its_own_in_a_pinned_file(self) -> None:
        branches = sources.branches()
        self.assertGreater(len(branches), 100)
        names = collections.Counter(branch.name for branch in branches)
        self.assertEqual([name for name, times in names.items() if times > 1], [])
        self.assertLessEqual({branch.file for branch in branches}, set(sources.UPSTREAM))


if __name__ == "__main__":
    unittest.main()
