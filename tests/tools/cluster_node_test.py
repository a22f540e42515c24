"""A local cluster with everything: real pods, Services, DNS, gateway, Prometheus, faults, and a crash."""

import json
import os
import pathlib
import signal
import socket
import struct
import unittest
import urllib.error
import urllib.request

from tests.support.clusters import LeavesNothing, identities, name_of, own_state_folder, run, wait_until
from tools.cluster import Cluster, layout
from tools.cluster.processes import supervisor_pid
from tools.image import PAUSE_IMAGE

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def setUpModule() -> None:
    own_state_folder()


class FullCluster(LeavesNothing):
    """One cluster with everything for all tests; the last of its life is a crash."""

    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster.up(name_of("full"))
        cls.addClassCleanup(cls._crash)
        cls.cluster.kubectl("apply", "-f", "-", input=json.dumps(_POD))
        cls.cluster.kubectl("apply", "-f", "-", input=json.dumps(_ROUTE))
        cls.cluster.kubectl("wait", "--for=condition=Ready", "pod/idle", "--timeout=60s")

    @classmethod
    def _crash(cls) -> None:
        name, ran, test = cls.cluster.name, identities(cls.cluster.name), cls()
        test.assertIn("/pause", [_program_of(pid) for pid, _ in ran], "a pod's process was seen")
        os.kill(supervisor_pid(layout.folder_of(name)), signal.SIGKILL)
        cls.cluster.down()
        test.assert_nothing_left(name, ran)

    def test_the_gateway_leads_requests_of_this_machine_to_a_service(self) -> None:
        wait_until(lambda: _status(f"{self.cluster.gateway_url}/-/ready") == 200, "the route works")

    def test_names_of_services_resolve_and_others_do_not_exist(self) -> None:
        self.assertEqual(
            _resolve(self.cluster.address, "prometheus.monitoring.svc.cluster.local"),
            self.cluster.kubectl(
                "-n", "monitoring", "get", "service", "prometheus", "-o", "jsonpath={.spec.clusterIP}"
            ),
        )
        self.assertIsNone(_resolve(self.cluster.address, "example.com"))

    def test_a_service_address_leads_to_its_endpoint(self) -> None:
        address = self.cluster.kubectl(
            "-n", "monitoring", "get", "service", "prometheus", "-o", "jsonpath={.spec.clusterIP}"
        )
        wait_until(lambda: _status(f"http://{address}:9090/-/ready") == 200, "the Service answers")

    def test_prometheus_scrapes_the_gateway_every_second(self) -> None:
        count = "count_over_time(up%7Bjob=%22gateway%22%7D%5B10s%5D)"
        query = f"{self.cluster.prometheus_url}/api/v1/query?query={count}"

        def samples() -> int:
            result = json.loads(_direct.open(query, timeout=5).read())["data"]["result"]
            return int(result[0]["value"][1]) if result else 0

        wait_until(lambda: samples() >= 8, "eight or more samples in ten seconds")

    def test_prometheus_asks_annotated_pods_for_their_metrics(self) -> None:
        def targets() -> list[dict]:
            answer = _direct.open(f"{self.cluster.prometheus_url}/api/v1/targets", timeout=5).read()
            return [t for t in json.loads(answer)["data"]["activeTargets"] if t["scrapePool"] == "pods"]

        wait_until(targets, "the pod is a target")
        (target,) = targets()
        self.assertEqual((target["labels"]["namespace"], target["labels"]["pod"]), ("default", "idle"))
        self.assertRegex(target["scrapeUrl"], r"http://10\.201\.\d+\.\d+:8081/numbers")

    def test_servers_can_be_stopped_and_started(self) -> None:
        for server in ("contour", "prometheus", "kube-apiserver"):
            with self.subTest(server):
                self.cluster.stop(server)
                self.assertFalse(self.cluster.processes()[server]["running"])
                self.cluster.start(server)
                self.assertTrue(self.cluster.processes()[server]["running"])
        self.assertIn("idle", self.cluster.kubectl("get", "pods"))

    def test_status_names_every_server(self) -> None:
        code, text = run("status")
        self.assertEqual(code, 0, text)
        for server in ("etcd", "kubelet", "envoy", "prometheus"):
            self.assertRegex(text, rf"{server} +process \d+ +\d+ MiB")

    def test_the_machine_keeps_its_kernel_settings(self) -> None:
        # The kubelet wants these at 1 and 10 and writes them where it can.
        settings = [pathlib.Path("/proc/sys/kernel/panic"), pathlib.Path("/proc/sys/vm/overcommit_memory")]
        own = f"/proc/{supervisor_pid(layout.folder_of(self.cluster.name))}/mountinfo"
        mounts = pathlib.Path(own).read_text()
        for setting in settings:
            self.assertIn(f" {setting} ", mounts)


_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "idle",
        "annotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8081",
            "prometheus.io/path": "/numbers",
        },
    },
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "idle", "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}],
    },
}
_ROUTE = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "numbers", "namespace": "monitoring"},
    "spec": {
        "parentRefs": [{"name": "gateway", "namespace": "projectcontour"}],
        "rules": [{"backendRefs": [{"name": "prometheus", "port": 9090}]}],
    },
}


def _program_of(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
    except OSError:
        return ""


def _status(url: str) -> int:
    try:
        return _direct.open(url, timeout=5).status
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return 0


def _resolve(server: str, name: str) -> str | None:
    """The IPv4 address that the DNS server has for a name; None when it says that there is no such name."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + question, (server, 53))
        answer = client.recv(512)
    code, answers = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
    if code == 3:
        return None
    assert code == 0 and answers == 1, answer
    return socket.inet_ntoa(answer[-4:])


if __name__ == "__main__":
    unittest.main()
