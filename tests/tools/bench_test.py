"""The page of figures says what the figures say."""

import unittest

from tools import bench
from tools.bench import Duel, Figure, Round, Stream


def rounds(count: int, nanoseconds: float) -> tuple[list[Round], list[Round]]:
    """Every benchmark takes `nanoseconds`, and upstream twenty times that."""
    ours = {goal.benchmark: Figure(nanoseconds, 3) for goal in bench.GOALS}
    ours |= {scope + duel.case: Figure(nanoseconds, 0) for duel in bench.DUELS for scope in bench.SCOPES}
    theirs = {duel.upstream: Figure(20 * nanoseconds, 1) for duel in bench.DUELS}
    return [ours] * count, [theirs] * count


class RatioTest(unittest.TestCase):
    DUEL = Duel("case", "title", "Upstream")

    def ratio(self, ours: list[float], theirs: list[float]) -> float:
        here = [{"arithmetic/case": Figure(one)} for one in ours]
        there = [{"Upstream": Figure(one)} for one in theirs]
        return bench.ratio(self.DUEL, "arithmetic/", here, there)

    def test_is_the_median_of_the_pairs(self) -> None:
        # A round in which the machine is three times slower is slow for both.
        self.assertEqual(self.ratio([10, 30, 10], [100, 300, 100]), 10)
        self.assertEqual(self.ratio([10, 10, 10], [100, 900, 110]), 11)

    def test_needs_as_many_rounds_of_both(self) -> None:
        with self.assertRaises(ValueError):
            self.ratio([10, 10], [100])


class PageTest(unittest.TestCase):
    def render(self, ours: list[Round], theirs: list[Round], wall: float = 30_000) -> str:
        return bench.render(ours, theirs, Stream(wall=wall, cpu=60_000), 800, "a machine, 2 cores")

    def test_says_that_goals_are_met(self) -> None:
        text = self.render(*rounds(3, 1000))
        self.assertIn("under 5 us: met", text)
        self.assertIn("at least 10 times faster", text)
        self.assertNotIn("MISSED", text)

    def test_names_what_is_missed(self) -> None:
        ours, theirs = rounds(3, 1000)
        slow = bench.DUELS[1]
        ours = [one | {"arithmetic/" + slow.case: Figure(5000, 0)} for one in ours]
        text = self.render(ours, theirs)
        self.assertIn(f"is MISSED in: {slow.title}: 4.0 x.", text)
        self.assertIn("under 5 us: MISSED", self.render(*rounds(3, 6000)))
        self.assertIn("20,000 a second: MISSED", self.render(*rounds(3, 1000), wall=19_000))

    def test_judges_by_the_quietest_round_and_tells_the_median(self) -> None:
        slow, theirs = rounds(3, 6000)
        quiet, _ = rounds(1, 4000)
        text = self.render([*slow, *quiet], [*theirs, theirs[0]])
        self.assertIn("| 4.00 us | 6.00 us | under 5 us: met |", text)

    def test_tells_no_path_of_the_machine(self) -> None:
        self.assertNotIn(str(bench.REPOSITORY), self.render(*rounds(1, 1000)))


class LineTest(unittest.TestCase):
    def test_is_under_a_kibibyte(self) -> None:
        self.assertLess(max(len(bench._line(number)) for number in range(100)), 1024)


class GoalsTest(unittest.TestCase):
    def test_are_those_of_the_benchmarks(self) -> None:
        sources = "".join(
            file.read_text(encoding="utf-8")
            for file in sorted((bench.REPOSITORY / "tests" / "bench").glob("*_bench.cpp"))
        )
        names = [goal.benchmark for goal in bench.GOALS] + ["decide_" + duel.case for duel in bench.DUELS]
        for name in names:
            self.assertIn(f"BENCHMARK({name});", sources)
        for duel in bench.DUELS:
            self.assertIn(f"BENCHMARK_CAPTURE(arithmetic, {duel.case},", sources)
            self.assertIn(f"BENCHMARK_CAPTURE(samples, {duel.case},", sources)


if __name__ == "__main__":
    unittest.main()
