"""docs/api.md says what the CRD says."""

import pathlib
import re
import unittest

import yaml

from tools import render_api

API = pathlib.Path("docs/api.md")
SMALLEST = pathlib.Path("tests/contract/crd/good/smallest.yaml")


class ApiPageTest(unittest.TestCase):
    def test_reference_is_up_to_date(self) -> None:
        self.assertEqual(
            render_api.page(), API.read_text(encoding="utf-8"), "run: python3 -m tools.render_api"
        )

    def test_first_example_is_the_smallest_manifest_of_the_corpus(self) -> None:
        blocks = re.findall(r"```yaml\n(.*?)```", API.read_text(encoding="utf-8"), re.DOTALL)
        self.assertEqual(yaml.safe_load(SMALLEST.read_text(encoding="utf-8")), yaml.safe_load(blocks[0]))


if __name__ == "__main__":
    unittest.main()
