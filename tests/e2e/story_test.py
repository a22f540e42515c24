"""The story as it is shipped, told differently, and without us.

One cluster for the module, with an audit log. The classes run one after another; each removes its shop.
"""

import contextlib
import dataclasses
import json
import sys
import time
import unittest

from tests.e2e import support
from tests.e2e.audit import ApiRequest, AuditLog, granted_verbs
from tools.cluster import Cluster
from tools.demo import installation
from tools.demo.console import Step
from tools.demo.faults import FAULTS
from tools.demo.options import Options

# A backend that was lost twice within ten minutes waits health.ejection.baseSeconds (30) after its return.
_FLAP_SECONDS = 90.0
_stack = contextlib.ExitStack()
cluster: Cluster
up_seconds = 0.0


def setUpModule() -> None:
    global cluster, up_seconds
    support.build_images()
    begin = time.monotonic()
    cluster = _stack.enter_context(support.cluster_for_module("e2e-story", audit=True))
    up_seconds = time.monotonic() - begin


def tearDownModule() -> None:
    _stack.close()


class AShipped(unittest.TestCase):
    """First, because it installs the operator."""

    options = Options()
    telling: support.Telling
    steps: list[Step]
    ours: list[ApiRequest]

    @classmethod
    def setUpClass(cls) -> None:
        begin = time.monotonic()
        cls.telling = support.Telling(cluster, cls.options)
        cls.addClassCleanup(cls.telling.close)
        cls.addClassCleanup(installation.remove_shop, cluster, cls.options)
        cls.telling.install()
        print(f"  installed after {up_seconds + time.monotonic() - begin:.0f} s", file=sys.stderr)
        cls.steps = cls.telling.run()
        print(f"  told after {up_seconds + time.monotonic() - begin:.0f} s", file=sys.stderr)
        cls._lose_it_again()
        # Before the shop goes: in a namespace that is being removed every new object is refused.
        cls.ours = AuditLog(cluster.audit_log).requests_of("evenkeel-system", "evenkeel")

    @classmethod
    def _lose_it_again(cls) -> None:
        """What happens a second time is counted in the event that tells of the first."""
        before = _happened(cls.options, "FailedOver")
        for up, carrying in ((False, cls.options.standby), (True, cls.options.primary)):
            FAULTS["selector"](cluster, cls.options, cls.options.primary, up)
            support.until(
                f"{carrying} has the traffic",
                lambda wanted=carrying: _carrying(cls.options) == wanted,
                _FLAP_SECONDS,
            )
        support.until("the event is counted", lambda: _happened(cls.options, "FailedOver") == before + 1)

    def test_every_step_passes(self) -> None:
        support.demand_passed(self, self.steps, self.telling)

    def test_no_request_of_the_operator_is_refused(self) -> None:
        self.assertGreater(len(self.ours), 10)
        refused = [f"{r.verb} {r.resource} -> {r.code}" for r in self.ours if r.code in (401, 403)]
        self.assertEqual(refused, [])

    def test_no_verb_of_the_chart_goes_unused(self) -> None:
        granted = granted_verbs(cluster, "evenkeel")
        used = {(r.verb, r.group, r.resource) for r in self.ours}
        self.assertEqual(sorted(granted - used), [], "granted by the chart, never used")


class BToldDifferently(unittest.TestCase):
    """Other names, another namespace, other loads, another fault at another time."""

    def test_every_step_passes(self) -> None:
        options = Options(
            namespace="bazaar",
            app="stall",
            primary="north",
            standby="south",
            calm=50,
            peak=130,
            evening=70,
            calm_seconds=8,
            peak_seconds=35,
            evening_seconds=35,
            outage_seconds=20,
            return_seconds=22,
            max_replicas=10,
            fault="selector",
        )
        self.addCleanup(installation.remove_shop, cluster, options)
        telling = support.Telling(cluster, options)
        self.addCleanup(telling.close)
        telling.install_shop()
        support.demand_passed(self, telling.run(), telling)


class CWithoutUs(unittest.TestCase):
    """The shop does not manage alone: with the operator gone after step 1, steps 2 and 3 fail."""

    def test_steps_two_and_three_fail(self) -> None:
        options = dataclasses.replace(
            Options(),
            namespace="alone",
            calm_seconds=6,
            peak_seconds=20,
            evening_seconds=15,
            outage_seconds=10,
            return_seconds=10,
        )
        self.addCleanup(installation.remove_shop, cluster, options)
        self.addCleanup(support.scale_operator, cluster, 1)
        telling = support.Telling(cluster, options)
        self.addCleanup(telling.close)
        telling.install_shop()
        first, second, third, _ = telling.run(after_first=lambda: support.scale_operator(cluster, 0))
        self.assertTrue(first.passed, support.failed_lines(first))
        self.assertFalse(second.passed)
        self.assertFalse(third.passed)
        lost = next(check for check in third.checks if check.what == "failed requests when it was lost")
        self.assertFalse(lost.passed, lost.line())


def _carrying(options: Options) -> str:
    """The backend that has all the weight in the first rule of the route; empty where several have some."""
    route = support.get(cluster, "httproute", options.namespace, options.app) or {}
    found = [ref["name"] for ref in route["spec"]["rules"][0]["backendRefs"] if ref["weight"] > 0]
    return found[0].removeprefix(f"{options.app}-") if len(found) == 1 else ""


def _happened(options: Options, reason: str) -> int:
    """How often the events of that reason tell of it."""
    answer = cluster.kubectl("get", "events.events.k8s.io", "-n", options.namespace, "-o", "json")
    events = [event for event in json.loads(answer)["items"] if event["reason"] == reason]
    return sum(event.get("series", {}).get("count", 1) for event in events)


if __name__ == "__main__":
    unittest.main()
