"""What goes wrong in a cluster: each cause is told with field and remedy in a condition, in an event and in the
log; others are served meanwhile, and all is well again by itself once the cause is gone.

One cluster for the module; every class has a namespace and a host name of its own. The last two are about
what is everybody's: Prometheus, then the CRD.
"""

import contextlib
import copy
import json
import unittest
from typing import Any

import yaml

from tests.e2e import support
from tools.cluster import Cluster
from tools.demo import installation, manifests
from tools.demo.console import Console
from tools.demo.options import Options
from tools.image import build_image
from tools.paths import REPOSITORY

HEALTHY = Options()  # in namespace store; nothing that happens to the others may disturb it
CRD = REPOSITORY / "crds" / "evenkeel.dev_loadbalancedservices.yaml"
_stack = contextlib.ExitStack()
cluster: Cluster


def setUpModule() -> None:
    global cluster
    cluster = _stack.enter_context(support.cluster_for_module("e2e-bad"))
    console = Console()
    installation.install_operator(cluster, HEALTHY, console.say)
    installation.install_shop(cluster, HEALTHY, console.say)


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
        # Of two routes for the same pages the gateway would serve the older one only.
        manifests.of_kind(cls.objects, "HTTPRoute")["spec"]["hostnames"] = [f"{cls.namespace}.example"]

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

    def condition_is(self, name: str, kind: str, status: str, pattern: str = "") -> dict[str, Any]:
        return support.until_condition(cluster, self.namespace, name, kind, status, pattern)

    def is_told(self, name: str, kind: str, status: str, pattern: str) -> None:
        """The same sentence is in a condition, in an event and in the log."""
        reason = self.condition_is(name, kind, status, pattern)["reason"]
        support.until_warning(cluster, self.namespace, name, reason, pattern)
        support.until_logged(cluster, pattern, namespace=self.namespace, name=name, reason=reason)

    def replicas(self) -> int:
        return support.replicas(cluster, self.namespace, "shop-blue")

    def the_healthy_one_is_served(self) -> None:
        """Not by what its status says, which would stay so: it is asked for another size, and gets it."""
        wanted = 5 - support.replicas(cluster, "store", "shop-blue")  # 2 or 3 in turns
        cluster.kubectl("scale", "lbs/shop", "-n", "store", f"--replicas={wanted}")
        support.until(
            "the healthy one is served",
            lambda: support.replicas(cluster, "store", "shop-blue") == wanted,
        )


class MissingDeployment(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("Deployment", "shop-green")
        told = r"^spec\.backends\[1\]\.workloadRef\S*: Deployment \S*shop-green .*(create|correct)"
        self.is_told("shop", "AbleToScale", "False", told)
        self.condition_is("shop", "Ready", "False", told)
        self.the_healthy_one_is_served()
        self.apply(self.one("Deployment", "shop-green"))
        self.condition_is("shop", "AbleToScale", "True")
        self.condition_is("shop", "Ready", "True")


class MissingService(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("Service", "shop-green")
        self.is_told(
            "shop",
            "Ready",
            "False",
            r"^spec\.backends\[1\]\.serviceRef\S*: Service \S*shop-green .*(create|correct)",
        )
        self.the_healthy_one_is_served()
        self.apply(self.one("Service", "shop-green"))
        self.condition_is("shop", "Ready", "True")


class MissingRoute(Shop):
    def test_it_is_named_and_taken_up_once_it_exists(self) -> None:
        self.apply_all_but("HTTPRoute", "shop")
        told = r"^spec\.routes\[0\]\.objectName: HTTPRoute \S*shop .*(create|correct)"
        self.is_told("shop", "RoutesProgrammed", "False", told)
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
        told = r"^spec\.backends\[0\]\.workloadRef\S*: Deployment \S*shop-blue .* twoclaims/shop.*; remove it"
        self.is_told("spare", "Conflicted", "True", told)
        self.condition_is("spare", "Ready", "False", r"belongs to LoadBalancedService twoclaims/shop")
        self.condition_is("shop", "Conflicted", "False")
        self.assertEqual(self.replicas(), 2)
        self.the_healthy_one_is_served()
        cluster.kubectl("delete", "lbs", "shop", "-n", self.namespace)
        self.condition_is("spare", "Conflicted", "False")
        support.until("the younger one sizes the workload", lambda: self.replicas() == 4)


class NotPromql(Shop):
    def test_the_answer_of_prometheus_is_passed_on_and_nothing_shrinks(self) -> None:
        bent = self.one("LoadBalancedService", "shop")
        metric = bent["spec"]["scaling"]["metrics"][0]
        del metric["preset"]
        metric["query"] = "sum(rate(requests["
        self.apply_all_but("LoadBalancedService", "shop")
        cluster.kubectl("scale", "deployment/shop-blue", "-n", self.namespace, "--replicas=4")
        self.apply(bent)
        told = r"^metric rps: spec\.scaling\.metrics\[0\]\.query: not PromQL: .*correct"
        self.is_told("shop", "SignalsAvailable", "False", told)
        support.until_logged(cluster, "parse error", message="query failed", query=metric["query"])
        self.the_healthy_one_is_served()
        self.assertEqual(self.replicas(), 4, "there is less load than that, but nobody knows")
        metric["query"] = "vector(90)"
        self.apply(bent)
        self.condition_is("shop", "SignalsAvailable", "True")
        support.until("the replicas follow the mended query", lambda: self.replicas() == 5)


class YPrometheusGone(Shop):
    """It is everybody's Prometheus, so this is about the healthy one."""

    namespace = "store"

    @classmethod
    def setUpClass(cls) -> None:
        """There is a shop already."""

    @classmethod
    def tearDownClass(cls) -> None:
        """It is needed once more."""

    def test_nothing_shrinks_and_traffic_still_fails_over(self) -> None:
        cluster.stop("prometheus")
        self.addCleanup(_start_prometheus)
        told = (
            r"^metric rps: spec\.scaling\.metrics\[0\]\.preset: RequestsPerSecond of .*"
            r"Prometheus at \S+ could not be reached: .*prometheus\.url"
        )
        self.is_told("shop", "SignalsAvailable", "False", told)
        support.until_logged(cluster, "could not be reached", message="query failed")
        # More than the load needs; once the metric decides again it would be less, if silence were zero.
        cluster.kubectl("scale", "lbs/shop", "-n", "store", "--replicas=4")
        support.until("somebody has asked for 4", lambda: self.replicas() == 4)
        self._patch("lbs", "shop", {"spec": {"replicas": None}})
        self.condition_is("shop", "ScalingActive", "False", "the count stays")

        self._patch("service", "shop-blue", _selecting("nobody"))
        support.until("green has the traffic", lambda: _weights() == {"shop-blue": 0, "shop-green": 100})
        self._patch("service", "shop-blue", _selecting("shop-blue"))
        support.until("blue has it again", lambda: _weights() == {"shop-blue": 100, "shop-green": 0})
        # Longer than the stabilisation window of the example, which is 15 s.
        support.stays("blue keeps its 4", lambda: self.replicas() == 4, seconds=20)

        cluster.start("prometheus")
        self.condition_is("shop", "SignalsAvailable", "True")
        support.until("zero is zero again", lambda: self.replicas() == 2, seconds=60)
        self.condition_is("shop", "Ready", "True")

    def _patch(self, kind: str, name: str, change: dict[str, Any]) -> None:
        cluster.kubectl("patch", kind, name, "-n", "store", "--type=merge", "-p", json.dumps(change))


class ZNoUsableCrd(Shop):
    """Last, because it takes every LoadBalancedService with it."""

    def test_the_operator_says_what_to_apply_and_begins_once_it_is_there(self) -> None:
        pods_before = _restarts()
        cluster.kubectl("delete", "crd", "loadbalancedservices.evenkeel.dev")
        support.until_logged(cluster, "does not know LoadBalancedServices any more: .*install the CRD")
        support.until("the operator is not ready", lambda: not _operator_is_ready())
        self.assertEqual(_restarts(), pods_before, "it waits, it does not crash")

        support.scale_operator(cluster, 0)
        cluster.kubectl("scale", "deployment/evenkeel", "-n", "evenkeel-system", "--replicas=1")
        support.until_logged(cluster, r"is not installed: apply the CRD .*crds/", message="cannot begin")

        declared = yaml.safe_load(CRD.read_text(encoding="utf-8"))
        older = copy.deepcopy(declared)
        del older["metadata"]["annotations"]
        self.apply(older)
        support.until_logged(
            cluster, r"has schema revision 0, this binary needs \d+: apply", message="cannot begin"
        )
        self.assertFalse(_operator_is_ready())

        self.apply(declared)
        support.until("the operator is ready", _operator_is_ready)
        self.assertEqual(_restarts(), 0)
        self.apply_all_but()
        self.condition_is("shop", "Ready", "True")


def _selecting(instance: str) -> dict[str, Any]:
    return {"spec": {"selector": {"app.kubernetes.io/instance": instance}}}


def _start_prometheus() -> None:
    if not cluster.processes()["prometheus"]["running"]:
        cluster.start("prometheus")


def _weights() -> dict[str, int]:
    route = support.get(cluster, "httproute", "store", "shop") or {}
    backends = route["spec"]["rules"][0]["backendRefs"]
    total = sum(backend["weight"] for backend in backends)
    return {backend["name"]: round(100 * backend["weight"] / total) for backend in backends}


def _operator_is_ready() -> bool:
    found = support.get(cluster, "deployment", "evenkeel-system", "evenkeel") or {}
    return found["status"].get("readyReplicas", 0) == 1


def _restarts() -> int:
    answer = cluster.kubectl("get", "pods", "-n", "evenkeel-system", "-o", "json")
    return sum(
        container["restartCount"]
        for pod in json.loads(answer)["items"]
        for container in pod["status"].get("containerStatuses", [])
    )


if __name__ == "__main__":
    unittest.main()
