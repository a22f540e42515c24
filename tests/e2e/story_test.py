"""The story as it is shipped, told differently, and without us.

One cluster for the module, with an audit log. The classes run one after another; each removes its shop.
"""

import contextlib
import dataclasses
import time
import unittest

from tests.e2e import support
from tests.e2e.audit import AuditLog, granted_verbs
from tools.cluster import Cluster
from tools.demo import installation
from tools.demo.console import Step
from tools.demo.options import Options
from tools.demo.story import Story

_INSTALL_SECONDS = 90
_STORY_SECONDS = 360
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
    steps: list[Step]
    install_seconds: float
    story_seconds: float

    @classmethod
    def setUpClass(cls) -> None:
        begin = time.monotonic()
        story = Story(cluster, cls.options)
        story.install()
        cls.install_seconds = up_seconds + time.monotonic() - begin
        cls.steps = story.run()
        cls.story_seconds = up_seconds + time.monotonic() - begin
        installation.remove_shop(cluster, cls.options)

    def test_every_step_passes(self) -> None:
        support.demand_passed(self, self.steps)

    def test_the_story_is_short(self) -> None:
        self.assertLess(self.install_seconds + self.options.calm_seconds, _INSTALL_SECONDS)
        self.assertLess(self.story_seconds, _STORY_SECONDS)

    def test_no_request_of_the_operator_is_refused(self) -> None:
        ours = AuditLog(cluster.audit_log).requests_of("evenkeel-system", "evenkeel")
        self.assertGreater(len(ours), 10)
        refused = [f"{r.verb} {r.resource} -> {r.code}" for r in ours if r.code == 403]
        self.assertEqual(refused, [])

    def test_no_verb_of_the_chart_goes_unused(self) -> None:
        granted = granted_verbs(cluster, "evenkeel")
        used = {
            (r.verb, r.group, r.resource)
            for r in AuditLog(cluster.audit_log).requests_of("evenkeel-system", "evenkeel")
        }
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
            calm_seconds=10,
            peak_seconds=35,
            evening_seconds=45,
            outage_seconds=15,
            return_seconds=15,
            max_replicas=10,
            fault="selector",
        )
        self.addCleanup(installation.remove_shop, cluster, options)
        support.demand_passed(self, support.tell(cluster, options))


class CWithoutUs(unittest.TestCase):
    """The shop does not manage alone: with the operator gone after step 1, steps 2 and 3 fail."""

    def test_steps_two_and_three_fail(self) -> None:
        options = dataclasses.replace(
            Options(),
            calm_seconds=8,
            peak_seconds=25,
            evening_seconds=25,
            outage_seconds=12,
            return_seconds=12,
        )
        self.addCleanup(installation.remove_shop, cluster, options)
        self.addCleanup(_scale_operator, 1)
        first, second, third, _ = support.tell(cluster, options, after_first=lambda: _scale_operator(0))
        self.assertTrue(first.passed, support.failed_lines(first))
        self.assertFalse(second.passed)
        self.assertFalse(third.passed)
        lost = next(check for check in third.checks if check.what == "failed requests when it was lost")
        self.assertFalse(lost.passed, lost.line())


def _scale_operator(replicas: int) -> None:
    where = ("deployment/evenkeel", "-n", "evenkeel-system")
    cluster.kubectl("scale", *where, f"--replicas={replicas}")
    cluster.kubectl("rollout", "status", *where, "--timeout=60s")
    if replicas == 0:
        cluster.kubectl(
            "wait",
            "--for=delete",
            "pod",
            "-l",
            "app.kubernetes.io/name=evenkeel",
            "-n",
            "evenkeel-system",
            "--timeout=60s",
        )


if __name__ == "__main__":
    unittest.main()
