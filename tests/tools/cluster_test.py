"""Local clusters without a node: they come up, stand side by side, and leave nothing, however they end."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.support.clusters import (
    LeavesNothing,
    command,
    identities,
    name_of,
    own_state_folder,
    run,
    start_of,
    wait_until,
)
from tools.cluster import Cluster, ClusterError, control_plane, layout
from tools.cluster.processes import Process, supervisor_pid


def setUpModule() -> None:
    own_state_folder()


class Names(unittest.TestCase):
    def test_a_name_that_cannot_be_one_is_refused_with_the_rule(self) -> None:
        for name in ("", "Upper", "under_score", "-dash", "dash-", "1digit", "a" * 31, "../up", "a/b"):
            with self.subTest(name), self.assertRaisesRegex(ClusterError, "1 to 30 lower-case letters"):
                layout.folder_of(name)

    def test_a_state_folder_too_deep_for_sockets_is_refused_with_the_variable(self) -> None:
        deep = {"EVENKEEL_STATE_DIR": "/var/tmp/" + "x" * 90}
        with mock.patch.dict(os.environ, deep), self.assertRaisesRegex(
            ClusterError, "set EVENKEEL_STATE_DIR"
        ):
            layout.folder_of("demo")

    def test_kwok_beside_a_node_is_refused(self) -> None:
        with self.assertRaisesRegex(ClusterError, "--no-node"):
            Cluster.up(name_of("odd"), kwok=True)

    def test_a_cluster_that_is_not_up_is_refused_with_the_command(self) -> None:
        with self.assertRaisesRegex(ClusterError, "tools.cluster up --name nowhere"):
            Cluster.attach("nowhere")

    def test_removing_nothing_is_no_error(self) -> None:
        self.assertFalse(Cluster.remove("nowhere"))


class ApiServerOnly(LeavesNothing):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster.up(name_of("api"), node=False, audit=True, gateway_api=True)
        cls.addClassCleanup(cls.cluster.down)

    def test_kubectl_writes_and_reads(self) -> None:
        self.cluster.kubectl("create", "configmap", "greeting", "--from-literal=text=hello")
        text = self.cluster.kubectl("get", "configmap", "greeting", "-o", "jsonpath={.data.text}")
        self.assertEqual(text, "hello")

    def test_a_failing_kubectl_command_says_why(self) -> None:
        with self.assertRaisesRegex(ClusterError, "NotFound"):
            self.cluster.kubectl("get", "configmap", "absent")
        self.assertIn("NotFound", self.cluster.kubectl("get", "configmap", "absent", check=False))

    def test_gateway_api_kinds_are_served(self) -> None:
        self.assertEqual(self.cluster.kubectl("get", "httproutes", "-A", "-o", "name"), "")

    def test_every_request_is_in_the_audit_log(self) -> None:
        self.cluster.kubectl("get", "namespace", "kube-public")
        lines = self.cluster.audit_log.read_text().splitlines()
        paths = [json.loads(line)["requestURI"] for line in lines]
        self.assertTrue(any("/api/v1/namespaces/kube-public" in path for path in paths))

    def test_up_again_finds_it_and_starts_what_had_ended(self) -> None:
        before = supervisor_pid(layout.folder_of(self.cluster.name))
        self.cluster.stop("etcd")
        self.assertFalse(self.cluster.processes()["etcd"]["running"])
        Cluster.up(self.cluster.name, node=False, audit=True, gateway_api=True)
        self.assertEqual(supervisor_pid(layout.folder_of(self.cluster.name)), before)
        self.assertTrue(self.cluster.processes()["etcd"]["running"])
        wait_until(
            lambda: "kube-system" in self.cluster.kubectl("get", "ns", check=False), "reads work again"
        )

    def test_up_in_another_form_is_refused(self) -> None:
        with self.assertRaisesRegex(ClusterError, "up in another form"):
            Cluster.up(self.cluster.name, node=False)

    def test_the_same_name_in_another_state_folder_is_refused_and_does_no_harm(self) -> None:
        with tempfile.TemporaryDirectory(prefix="ek-", dir="/var/tmp") as other:
            with mock.patch.dict(os.environ, {"EVENKEEL_STATE_DIR": other}):
                with self.assertRaisesRegex(ClusterError, "exists already"):
                    Cluster.up(self.cluster.name, node=False)
                with self.assertRaisesRegex(ClusterError, "another EVENKEEL_STATE_DIR"):
                    Cluster.remove(self.cluster.name)
        self.cluster.kubectl("get", "namespaces")


class SideBySide(LeavesNothing):
    def test_two_that_start_at_once_do_not_meet(self) -> None:
        names = [name_of("left"), name_of("right")]
        threads = [
            threading.Thread(target=Cluster.up, args=(name,), kwargs={"node": False}) for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left, right = (Cluster.attach(name) for name in names)
        self.assertNotEqual(left.address, right.address)
        left.kubectl("create", "namespace", "only-left")
        self.assertNotIn("only-left", right.kubectl("get", "namespaces", "-o", "name"))
        ran = identities(left.name)
        left.down()
        self.assert_nothing_left(left.name, ran)
        right.kubectl("get", "namespaces")
        right.down()
        self.assert_nothing_left(right.name)


class Kwok(LeavesNothing):
    def test_a_deployment_gets_ready_pods_and_endpoints(self) -> None:
        with Cluster.up(name_of("kwok"), node=False, kwok=True) as cluster:
            cluster.kubectl("create", "deployment", "web", "--image=none", "--replicas=3", "--port=80")
            cluster.kubectl("expose", "deployment", "web")
            cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
            addresses = (
                "get",
                "endpointslices",
                "-l",
                "kubernetes.io/service-name=web",
                "-o",
                "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}",
            )
            wait_until(lambda: len(cluster.kubectl(*addresses).split()) == 3, "three ready endpoints")
        self.assert_nothing_left(name_of("kwok"))


class Ends(LeavesNothing):
    """What is left when a cluster, or the command that starts it, does not end as it should."""

    def test_the_supervisor_is_killed(self) -> None:
        name = name_of("killed")
        Cluster.up(name, node=False)
        ran = identities(name)
        self.assertGreaterEqual(len(ran), 3)
        os.kill(supervisor_pid(layout.folder_of(name)), signal.SIGKILL)
        wait_until(
            lambda: not [pid for pid, start in ran if start_of(pid) == start], "its servers end with it"
        )
        with self.assertRaises(ClusterError):
            Cluster.attach(name)
        self.assertEqual(run("down", "--name", name)[0], 0)
        self.assert_nothing_left(name, ran)

    def test_up_is_interrupted_as_soon_as_it_has_a_network(self) -> None:
        name = name_of("early")
        self._interrupt(name, lambda: os.path.exists(f"/run/netns/{layout.netns_of(name)}"))

    def test_up_is_interrupted_while_servers_start(self) -> None:
        name = name_of("late")
        self._interrupt(name, (layout.folder_of(name) / "logs" / "kube-apiserver.log").exists)

    def test_an_interrupt_waits_for_the_command_that_it_meets(self) -> None:
        name = name_of("meets")
        start, ended = subprocess.run, []

        def interrupted(command: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
            if command[0] == "unshare":
                os.kill(os.getpid(), signal.SIGINT)
            done = start(command, **options)
            ended.append(command[0])
            return done

        with mock.patch.object(subprocess, "run", interrupted), self.assertRaises(KeyboardInterrupt):
            Cluster.up(name, node=False)
        self.assertIn("unshare", ended, "it was not left to run on by itself")
        self.assert_nothing_left(name)

    def _interrupt(self, name: str, moment: Callable[[], bool]) -> None:
        process = command("up", "--name", name, "--no-node")
        wait_until(moment, "the moment to interrupt")
        process.send_signal(signal.SIGINT)
        text = process.communicate()[0]
        self.assertEqual(process.returncode, 130, text)
        self.assertIn("interrupted", text)
        self.assert_nothing_left(name)

    def test_up_is_killed_and_repeated(self) -> None:
        name = name_of("again")
        process = command("up", "--name", name, "--no-node")
        wait_until((layout.folder_of(name) / "logs" / "etcd.log").exists, "servers start")
        process.kill()
        process.communicate()
        ran = identities(name)
        with Cluster.up(name, node=False) as cluster:
            cluster.kubectl("get", "namespaces")
            self.assertEqual([pid for pid, start in ran if start_of(pid) == start], [])
        self.assert_nothing_left(name)

    def test_a_server_that_ends_is_named_with_its_last_words(self) -> None:
        name = name_of("broken")
        broken = Process("etcd", ["/bin/sh", "-c", "echo the disk is on fire >&2; exit 3"])
        with mock.patch.object(control_plane, "etcd", return_value=broken):
            with self.assertRaisesRegex(ClusterError, "(?s)etcd ended with code 3.*the disk is on fire"):
                Cluster.up(name, node=False)
        self.assert_nothing_left(name)

    def test_a_server_whose_program_is_missing_is_named(self) -> None:
        name = name_of("absent")
        with mock.patch.object(control_plane, "etcd", return_value=Process("etcd", ["/no/such/program"])):
            with self.assertRaisesRegex(ClusterError, "cannot start etcd.*No such file"):
                Cluster.up(name, node=False)
        self.assert_nothing_left(name)


if __name__ == "__main__":
    unittest.main()
