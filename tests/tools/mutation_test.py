"""The mutation tool changes what it says, and only code."""

import pathlib
import tempfile
import unittest

from tools.mutation import places as mutation
from tools.mutation.workshop import Judge, order_for


class PlacesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "src" / "base").mkdir(parents=True)

    def mutants(self, text: str) -> list[mutation.Mutant]:
        (self.root / "src" / "base" / "a.cpp").write_text(text, encoding="utf-8")
        return mutation.places(self.root, ("base",))

    def places(self, text: str) -> list[str]:
        return [str(mutant) for mutant in self.mutants(text)]

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
                "src/base/a.cpp:1:6: < -> >=",
            ],
        )

    def test_leaves_comments_strings_and_templates_alone(self) -> None:
        text = '// a < b\nauto t = "a < b";\nstd::vector<int> v;\nf(x);  // std::min(a, b)\n#if A == B\n'
        self.assertEqual(self.places(text), [])

    def test_headers_are_core_too(self) -> None:
        folder = self.root / "include" / "evenkeel" / "base"
        folder.mkdir(parents=True)
        (folder / "a.hpp").write_text("[[nodiscard]] bool is() const { return a < b; }\n", encoding="utf-8")
        found = self.mutants("")[0]
        self.assertEqual((str(found.path), found.room), ("include/evenkeel/base/a.hpp", "base"))

    def test_changes_the_one_place_and_nothing_else(self) -> None:
        text = "bool f = a < b;\n  bool g = c < d && d < e;\n"
        place = (2, 21, "boundary")
        mutant = next(m for m in self.mutants(text) if (m.line, m.column, m.kind) == place)
        self.assertEqual(mutant.applied(text), "bool f = a < b;\n  bool g = c < d && d <= e;\n")

    def test_the_same_seed_chooses_the_same(self) -> None:
        everywhere = self.mutants("".join(f"bool f{i} = a < {i};\n" for i in range(50)))
        self.assertEqual(mutation.sample(everywhere, 9, 4), mutation.sample(everywhere, 9, 4))
        self.assertNotEqual(mutation.sample(everywhere, 9, 4), mutation.sample(everywhere, 9, 5))
        self.assertEqual(len(mutation.sample(everywhere, 900, 4)), 100)

    def test_what_is_called_equivalent_is_there_and_has_a_reason(self) -> None:
        known = {mutant.key for mutant in mutation.places(mutation.EQUIVALENT.parents[2])}
        for key, why in mutation.equivalents().items():
            self.assertTrue(key in known, f"{key} is no place any more")
            self.assertGreater(len(why), 20, f"{key}: a proof is longer")


class OrderTest(unittest.TestCase):
    def order(self, room: str) -> list[str]:
        mutant = mutation.Mutant(pathlib.PurePath(f"src/{room}/a.cpp"), 1, 0, "order", "", "", "")
        names = [f"unit_{name}" for name in mutation.ROOMS]
        return [judge.name for judge in order_for(mutant, [Judge(n, n, ()) for n in ("referee", "property", *names)])]

    def test_the_near_and_quick_come_first_and_rooms_below_are_not_asked(self) -> None:
        self.assertEqual(
            self.order("scaling"),
            ["unit_scaling", "unit_plan", "unit_balancing", "unit_failover", "unit_routing", "referee", "property"],
        )

    def test_the_referee_is_asked_about_what_it_knows(self) -> None:
        self.assertEqual(self.order("failover"), ["unit_failover", "unit_plan", "unit_routing", "property"])


if __name__ == "__main__":
    unittest.main()
