"""The layer check finds what it is there to find, and passes the house as it stands."""

import pathlib
import tempfile
import unittest

from tools.checks import layers

# (file, line planted in it, part of the complaint)
VIOLATIONS = [
    ("src/scaling/a.cpp", '#include "evenkeel/kube/config.hpp"', "scaling may not include kube"),
    ("include/evenkeel/api/a.hpp", '#include "evenkeel/plan/plan.hpp"', "api may not include plan"),
    ("src/kube/a.cpp", "#include <cpprest/http_client.h>", "stays inside room http"),
    ("src/http/a.cpp", "auto now = std::chrono::steady_clock::now();", "clock is read in"),
    ("include/evenkeel/kube/a.hpp", "#include <nlohmann/json.hpp>", "public header"),
    ("src/plan/a.cpp", "#include <thread>", "the core has no"),
    ("src/plan/b.cpp", "#include <mutex>", "the core has no threads"),
    ("src/controller/a.cpp", "std::this_thread::sleep_for(1s);", "no sleeping"),
    ("src/kube/b.cpp", 'auto v = std::getenv("HOME");', "environment is read in cli only"),
    ("src/garage/a.cpp", "int x;", "not in the house"),
    ("tests/unit/api/a_test.cpp", "std::this_thread::sleep_for(1s);", "no sleeps in tests"),
]


class LayersTest(unittest.TestCase):
    def _findings(self, name: str, line: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(f"#pragma once\n{line}\n", encoding="utf-8")
            return [str(finding) for finding in layers.findings(pathlib.Path(folder))]

    def test_planted_violations_are_found_with_file_and_line(self) -> None:
        for name, line, complaint in VIOLATIONS:
            with self.subTest(name=name, line=line):
                found = self._findings(name, line)
                self.assertTrue(any(complaint in text for text in found), found)
                self.assertTrue(any(text.startswith(f"{name}:") for text in found), found)

    def test_what_is_allowed_passes(self) -> None:
        for name, line in [
            ("src/plan/a.cpp", '#include "evenkeel/scaling/decide_replicas.hpp"'),
            ("src/http/a.cpp", "#include <cpprest/http_client.h>"),
            ("src/base/clock.cpp", "return std::chrono::steady_clock::now();"),
            ("src/kube/a.cpp", "// steady_clock::now() is not called here"),
        ]:
            with self.subTest(name=name):
                self.assertEqual(self._findings(name, line), [])

    def test_the_house_as_it_stands_is_clean(self) -> None:
        root = pathlib.Path(__file__).parents[2]
        self.assertEqual([str(finding) for finding in layers.findings(root)], [])


if __name__ == "__main__":
    unittest.main()
