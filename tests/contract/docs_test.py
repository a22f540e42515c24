"""docs/api.md says what the CRD says, docs/events.md what the code says."""

import pathlib
import re
import unittest

import yaml

from tools import render_api

API = pathlib.Path("docs/api.md")
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


if __name__ == "__main__":
    unittest.main()
