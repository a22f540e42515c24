"""What goes wrong in a cluster: each cause has its condition and its event, others are served meanwhile, and
all is well again by itself once the cause is gone.

One cluster for the module; every class has a namespace of its own, except that Prometheus is everybody's.
"""

import contextlib
import copy
import unittest
from typing import Any

from tests.e2e import support
from tools.cluster import Cluster
from tools.demo import installation, manifests
from tools.demo.console import Console
from tools.demo.options import Options
from tools.image import build_image

HEALTHY = Options()  # in namespace store; nothing that happens to the others may disturb it
_stack = contextlib.ExitStack()
cluster: Cluster


def setUpModule() -> None:
    global cluster
    cluster = _stack.enter_context(support.cluster_for_module("e2e-bad"))
    console = Console()
    installation.install_operator(cluster, HEALTHY, console.say)
    installation.install_shop(cluster, HEALTHY, console.say)
    support.until_condition(cluster, "store", "shop", "Ready", "True")


def tearDownModule() -> None:
    _stack.close()


class Shop(unittest.TestCase):
    """A second shop, whose objects the tests leave out or bend. Its pages are not asked for."""

    namespace: str
    objects: list[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        if cls is Shop:
            raise unittest.SkipTest("only what the others have in common")
        cls.namespace = cls.__name__.lower()
        cls.objects = manifests.shop(Options(namespace=cls.namespace), build_image("shop").name)

    @classmethod
    def tearDownClass(cls) -> None:
        if cls is not Shop:
            cluster.kubectl("delete", "namespace", cls.namespace, "--ignore-not-found", "--wait=false")

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """A copy of one object of the example."""
        found = next(o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name)
        return copy.deepcopy(found)

    def apply(self, *objects: dict[str, Any]) -> None:
        cluster.kubectl("apply", "-f", "-", input=manifests.as_yaml(list(objects)))

    def apply_all_but(self, kind: str = "", name: str = "") -> None:
        self.apply(*[o for o in self.objects if (o["kind"], o["metadata"]["name"]) != (kind, name)])

    def condition_is(self, name: str, kind: str, status: str, mentions: str = "") -> dict[str, Any]:
        found = support.until_condition(cluster, self.namespace, name, kind, status, mentions)
        self.assertRegex(found["reason"], r"^[A-Z][A-Za-z]+$")
        self.assertTrue(found["message"].strip(), f"{kind} has no message")
        return found

    def warned(self, name: str, mentions: str) -> None:
        support.until_warning(cluster, self.namespace, name, mentions)

    def replicas(self) -> int:
        return support.replicas(cluster, self.namespace, "shop-blue")

    def the_healthy_one_is_served(self) -> None:
        found = support.condition(cluster, "store", "shop", "Ready")
        assert found is not None
        self.assertEqual(found["status"], "True", support.conditions(cluster, "store", "shop"))


class MissingDeployment(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("Deployment", "shop-green")
        self.condition_is("shop", "AbleToScale", "False", "shop-green")
        self.warned("shop", "shop-green")
        self.the_healthy_one_is_served()
        self.apply(self.one("Deployment", "shop-green"))
        self.condition_is("shop", "AbleToScale", "True")
        self.condition_is("shop", "Ready", "True")


class MissingService(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("Service", "shop-green")
        self.condition_is("shop", "Ready", "False", "shop-green")
        self.warned("shop", "shop-green")
        self.the_healthy_one_is_served()
        self.apply(self.one("Service", "shop-green"))
        self.condition_is("shop", "Ready", "True")


class MissingRoute(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("HTTPRoute", "shop")
        self.condition_is("shop", "RoutesProgrammed", "False", "HTTPRoute")
        self.warned("shop", "HTTPRoute")
        self.the_healthy_one_is_served()
        self.apply(self.one("HTTPRoute", "shop"))
        self.condition_is("shop", "RoutesProgrammed", "True")
        self.condition_is("shop", "Ready", "True")


class TwoClaims(Shop):
    def test_the_older_one_has_the_workload_until_it_goes(self) -> None:
        self.apply_all_but()
        self.condition_is("shop", "Ready", "True")
        younger = self.one("LoadBalancedService", "shop")
        younger["metadata"]["name"] = "spare"
        younger["spec"]["scaling"]["minReplicas"] = 4
        self.apply(younger)
        self.condition_is("spare", "Conflicted", "True", "shop")
        self.warned("spare", "shop")
        self.condition_is("shop", "Conflicted", "False")
        self.assertEqual(self.replicas(), 2)
        self.the_healthy_one_is_served()
        cluster.kubectl("delete", "lbs", "shop", "-n", self.namespace)
        self.condition_is("spare", "Conflicted", "False")
        support.until(
            "the younger one sizes the workload",
            lambda: self.replicas() == 4,
        )


class NotPromql(Shop):
    def test_the_answer_of_prometheus_is_passed_on_and_nothing_shrinks(self) -> None:
        bent = self.one("LoadBalancedService", "shop")
        metric = bent["spec"]["scaling"]["metrics"][0]
        del metric["preset"]
        metric["query"] = "sum(rate(requests["
        self.apply_all_but("LoadBalancedService", "shop")
        self.apply(bent)
        self.condition_is("shop", "SignalsAvailable", "False", "rps")
        self.warned("shop", "rps")
        self.the_healthy_one_is_served()
        self.assertEqual(self.replicas(), 2)
        metric["query"] = "vector(90)"
        self.apply(bent)
        self.condition_is("shop", "SignalsAvailable", "True")
        support.until(
            "the replicas follow the mended query",
            lambda: self.replicas() == 5,
        )


class ZPrometheusGone(Shop):
    """Last, because it is everybody's Prometheus."""

    def test_nothing_shrinks_and_traffic_still_fails_over(self) -> None:
        before = support.replicas(cluster, "store", "shop-blue")
        cluster.stop("prometheus")
        self.addCleanup(_start_prometheus)
        support.until_condition(cluster, "store", "shop", "SignalsAvailable", "False", "rps", seconds=60)
        support.until_warning(cluster, "store", "shop", "rps")
        cluster.kubectl(
            "patch",
            "service",
            "shop-blue",
            "-n",
            "store",
            "--type=merge",
            "-p",
            '{"spec": {"selector": {"app.kubernetes.io/instance": "nobody"}}}',
        )
        support.until("green has the traffic", lambda: _weights() == {"shop-blue": 0, "shop-green": 100})
        cluster.kubectl(
            "patch",
            "service",
            "shop-blue",
            "-n",
            "store",
            "--type=merge",
            "-p",
            '{"spec": {"selector": {"app.kubernetes.io/instance": "shop-blue"}}}',
        )
        support.until("blue has it again", lambda: _weights() == {"shop-blue": 100, "shop-green": 0})
        now = support.replicas(cluster, "store", "shop-blue")
        self.assertEqual(now, before)
        cluster.start("prometheus")
        support.until_condition(cluster, "store", "shop", "SignalsAvailable", "True", seconds=60)
        support.until_condition(cluster, "store", "shop", "Ready", "True")


def _start_prometheus() -> None:
    if not cluster.processes()["prometheus"]["running"]:
        cluster.start("prometheus")


def _weights() -> dict[str, int]:
    route = support.get(cluster, "httproute", "store", "shop") or {}
    total = sum(ref["weight"] for ref in route["spec"]["rules"][0]["backendRefs"])
    return {
        ref["name"]: round(100 * ref["weight"] / total) for ref in route["spec"]["rules"][0]["backendRefs"]
    }


if __name__ == "__main__":
    unittest.main()
