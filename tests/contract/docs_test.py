"""docs/api.md says what the CRD says, docs/events.md and docs/decision.md what the code says."""

import pathlib
import re
import unittest

import yaml

from tools import render_api

API = pathlib.Path("docs/api.md")
DECISION = pathlib.Path("docs/decision.md")
EVENTS = pathlib.Path("docs/events.md")
SMALLEST = pathlib.Path("tests/contract/crd/good/smallest.yaml")


class ApiPageTest(unittest.TestCase):
    def test_reference_is_up_to_date(self) -> None:
        self.assertEqual(
            render_api.page(), API.read_text(encoding="utf-8"), "run: python3 -m tools.render_api"
        )

    def test_first_example_is_the_smallest_manifest_of_the_corpus(self) -> None:
        blocks = re.findall(r"```yaml\n(.*?)```", API.read_text(encoding="utf-8"), re.DOTALL)
        self.assertEqual(yaml.safe_load(SMALLEST.read_text(encoding="utf-8")), yaml.safe_load(blocks[0]))


class EventsPageTest(unittest.TestCase):
    """Reasons are found in the code as what they are there: literals in CamelCase."""

    # The rooms that give reasons, and words of theirs that are none: kinds, types of conditions, names of presets.
    ROOMS = ("balancing", "controller", "failover", "plan", "routing", "scaling")
    OTHER_WORDS = frozenset(
        {
            "ActiveConnections",
            "CPUUtilization",
            "Deployment",
            "EndpointSlice",
            "ErrorRatio",
            "HTTPRoute",
            "LatencyP99",
            "LoadBalancedService",
            "MemoryUtilization",
            "RequestsPerSecond",
        }
    )

    def setUp(self) -> None:
        self.page = set(re.findall(r"`([A-Z]\w+)`", EVENTS.read_text(encoding="utf-8")))
        files = [path for room in self.ROOMS for path in pathlib.Path("src", room).glob("*.cpp")]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        self.code = set(re.findall(r'"([A-Z][A-Za-z0-9]+)"', text))

    def test_every_reason_of_the_code_is_documented(self) -> None:
        # Words of one hump are ordinary words too; those of two or more are names.
        names = {word for word in self.code if len(re.findall(r"[A-Z]", word)) > 1}
        self.assertEqual(set(), names - self.page - self.OTHER_WORDS)

    def test_every_documented_name_is_in_the_code(self) -> None:
        self.assertEqual(set(), {word for word in self.page if word not in self.code})


class DecisionPageTest(unittest.TestCase):
    """From a step of the record to its rule and its code."""

    def setUp(self) -> None:
        text = DECISION.read_text(encoding="utf-8")
        self.headings = {
            page: {
                re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall(r"^#+ (.+)$", pathlib.Path("docs", page).read_text(encoding="utf-8"), re.M)
            }
            for page in ("decision.md", "events.md", "health.md", "scaling.md")
        }
        self.rows = re.findall(r"^\| (`.+?) \| .+? \| \[.+?\]\((.*?)\) \| (`.+?`) \|$", text, re.M)

    def test_every_step_that_is_documented_is_in_the_table(self) -> None:
        steps = EVENTS.read_text(encoding="utf-8").split("\n## Steps\n")[1]
        documented = set(re.findall(r"^\| `(\w+)` \|", steps, re.M))
        tabled = {name for names, _, _ in self.rows for name in re.findall(r"`(\w+)`", names)}
        self.assertEqual(documented, tabled)

    def test_one_of_the_files_that_are_named_makes_the_step(self) -> None:
        for names, _, files in self.rows:
            paths = re.findall(r"`(\S+)`", files)
            code = "".join(pathlib.Path(path).read_text(encoding="utf-8") for path in paths)
            for name in re.findall(r"`(\w+)`", names):
                self.assertIn(f'"{name}"', code, files)

    def test_the_rules_are_there(self) -> None:
        for names, link, _ in self.rows:
            page, _, heading = link.partition("#")
            self.assertTrue(not heading or heading in self.headings[page or "decision.md"], f"{names}: {link}")


if __name__ == "__main__":
    unittest.main()
