"""The mutation tool changes what it says, and only code."""

import pathlib
import tempfile
import unittest

from tools import mutation


class PlacesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "src" / "base").mkdir(parents=True)

    def places(self, text: str) -> list[str]:
        (self.root / "src" / "base" / "a.cpp").write_text(text, encoding="utf-8")
        return [str(mutant) for mutant in mutation.places(self.root, ("base",))]

    def test_finds_comparison_rounding_and_order(self) -> None:
        found = self.places("if (a < b && c == std::ceil(d)) return std::min(a, b);\n")
        self.assertEqual(
            sorted(found),
            [
                "src/base/a.cpp:1:10: && -> ||",
                "src/base/a.cpp:1:15: == -> !=",
                "src/base/a.cpp:1:19: std::ceil( -> std::floor(",
                "src/base/a.cpp:1:40: std::min( -> std::max(",
                "src/base/a.cpp:1:6: < -> <=",
            ],
        )

    def test_leaves_comments_strings_and_templates_alone(self) -> None:
        text = '// a < b\nauto t = "a < b";\nstd::vector<int> v;\nf(x);  // std::min(a, b)\n#if A == B\n'
        self.assertEqual(self.places(text), [])

    def test_the_same_seed_chooses_the_same(self) -> None:
        self.places("".join(f"bool f{i} = a < {i};\n" for i in range(50)))
        everywhere = mutation.places(self.root, ("base",))
        self.assertEqual(mutation.sample(everywhere, 9, 4), mutation.sample(everywhere, 9, 4))
        self.assertNotEqual(mutation.sample(everywhere, 9, 4), mutation.sample(everywhere, 9, 5))
        self.assertEqual(len(mutation.sample(everywhere, 900, 4)), 50)


if __name__ == "__main__":
    unittest.main()
