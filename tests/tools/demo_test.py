"""The figures of the demo's story: what is read out of a log of requests, and how it is judged."""

import json
import pathlib
import tempfile
import unittest
from typing import cast

from tools.cluster import Cluster, ClusterError
from tools.demo import faults, manifests
from tools.demo.errors import DemoError
from tools.demo.history import Size
from tools.demo.load import has_request
from tools.demo.options import Options
from tools.demo.policies import violations
from tools.demo.requests import RequestLog, failures, met_again, percentile

HEADER = "metric_name,timestamp,metric_value,error_code,name,status,extra_tags,metadata\n"


def line(end: float, ms: float, status: int = 200) -> str:
    return f"http_req_duration,{int(end * 1e9)},{ms},,basket,{status},,\n"


class Log(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "requests.csv"
        self.path.write_text(HEADER)
        self.log = RequestLog(self.path)

    def write(self, *lines: str) -> None:
        with self.path.open("a") as file:
            file.write("".join(lines))
        self.log.read()

    def test_a_request_begins_its_latency_before_its_line(self) -> None:
        self.write(line(100.5, 500))
        self.assertAlmostEqual(self.log.started(), 100.0, places=6)
        self.assertEqual(len(self.log.between(99.9, 100.1)), 1)
        self.assertEqual(self.log.between(100.4, 101), [])

    def test_lines_about_the_generator_are_no_requests(self) -> None:
        begun = HEADER + "vus,1000000000,3,,,,,\n"
        self.assertFalse(has_request(begun.encode()))
        self.assertFalse(has_request((begun + line(100, 100)).rstrip("\n").encode()))
        self.assertTrue(has_request((begun + line(100, 100)).encode()))

    def test_half_a_line_is_read_once_it_is_whole(self) -> None:
        whole = line(100, 100)
        self.write(whole[:20])
        self.assertEqual(self.log.requests, [])
        self.write(whole[20:], line(101, 100))
        self.assertEqual(len(self.log.requests), 2)

    def test_an_outage_lasts_from_the_first_failed_request_to_the_end_of_the_last(self) -> None:
        self.write(line(99, 10), line(100, 10, 503), line(100.5, 10), line(102, 1000, 0), line(103, 10))
        found = failures(self.log.requests)
        self.assertEqual(found.count, 2)
        self.assertAlmostEqual(found.seconds, 2.01, places=3)

    def test_what_the_generator_could_not_send_is_counted(self) -> None:
        self.write(f"dropped_iterations,{int(1e9)},3.000000,,,,,\n")
        self.assertEqual(self.log.unsent, 3)

    def test_who_answered_is_read_from_the_tags(self) -> None:
        self.write(f"served,{int(5e9)},1.000000,,,,colour=green&code=200,\n")
        self.assertEqual([answer.colour for answer in self.log.served_between(4, 6)], ["green"])

    def test_a_percentile_without_requests_meets_no_objective(self) -> None:
        self.assertEqual(percentile([], 95), float("inf"))

    def test_a_quick_refusal_is_not_a_quick_answer(self) -> None:
        self.write(*[line(100 + i, 1, 503) for i in range(10)], *[line(110 + i, 100) for i in range(10)])
        self.assertAlmostEqual(percentile(self.log.requests, 50), 100, places=6)
        self.assertEqual(percentile(self.log.requests, 95), float("inf"))

    def test_the_objective_is_met_again_after_the_last_slow_window(self) -> None:
        slow = [line(100 + i, 900) for i in range(12)]
        quick = [line(112 + i, 100) for i in range(18)]
        self.write(*slow, *quick)
        self.assertEqual(met_again(self.log, 100, 130, 300), 15)

    def test_the_objective_is_not_met_where_the_end_is_slow(self) -> None:
        self.write(*[line(100 + i, 100) for i in range(26)], *[line(126.5 + i, 900) for i in range(4)])
        self.assertIsNone(met_again(self.log, 100, 130, 300))


class Policies(unittest.TestCase):
    BEHAVIOR = {
        "scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 5}]},
        "scaleDown": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 5}]},
    }

    def broken(self, *changes: tuple[float, int]) -> int:
        return len(violations([Size(time, replicas, replicas) for time, replicas in changes], self.BEHAVIOR))

    def test_doubling_every_period_is_allowed(self) -> None:
        self.assertEqual(self.broken((0, 2), (10, 4), (15, 8)), 0)

    def test_more_than_doubling_is_found(self) -> None:
        self.assertEqual(self.broken((0, 2), (10, 5)), 1)

    def test_two_changes_within_one_period_count_together(self) -> None:
        self.assertEqual(self.broken((0, 2), (10, 4), (12, 6)), 1)
        self.assertEqual(self.broken((0, 8), (10, 6), (11, 5)), 1)

    def test_falling_faster_than_declared_is_found(self) -> None:
        self.assertEqual(self.broken((0, 8), (10, 6), (15, 4)), 0)
        self.assertEqual(self.broken((0, 8), (10, 5)), 1)


class StartingPods:
    """A cluster in which one pod does not listen before the third time that it is told something."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def kubectl(self, verb: str, *arguments: str, **_: str) -> str:
        if verb == "get":
            return json.dumps({"items": [{"metadata": {"name": name}} for name in ("old", "new")]})
        if verb == "create":
            pod = "new" if "pods/new:" in arguments[1] else "old"
            self.told.append(pod)
            if pod == "new" and self.told.count("new") < 3:
                raise ClusterError("connection refused")
        return ""


class Switch(unittest.TestCase):
    def test_a_pod_that_is_starting_is_told_as_soon_as_it_listens(self) -> None:
        cluster = StartingPods()
        faults.switch(cast(Cluster, cluster), Options(), "blue", up=False)
        self.assertEqual(sorted(cluster.told), ["new", "new", "new", "old"])


class Names(unittest.TestCase):
    def test_other_names_leave_none_of_the_old_ones_where_objects_refer_to_each_other(self) -> None:
        options = Options(namespace="bazaar", app="stall", primary="north", standby="south")
        text = manifests.as_yaml(manifests.shop(options, "image:1"))
        for old in ("store", "blue", "green", "shop-"):
            self.assertNotIn(old, text.replace("evenkeel.dev/shop", ""))
        route = manifests.of_kind(manifests.shop(options, "image:1"), "HTTPRoute")
        for rule in route["spec"]["rules"]:
            self.assertEqual([ref["name"] for ref in rule["backendRefs"]], ["stall-north", "stall-south"])

    def test_a_fault_that_nobody_knows_is_refused_with_the_known_ones(self) -> None:
        with self.assertRaisesRegex(DemoError, "switch"):
            Options(fault="earthquake")

    def test_a_load_of_nothing_is_refused(self) -> None:
        with self.assertRaisesRegex(DemoError, "peak"):
            Options(peak=0)


if __name__ == "__main__":
    unittest.main()
