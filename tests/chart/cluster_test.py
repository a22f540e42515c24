"""A real API server takes what the chart and deploy/ hold: by its schemas, by dry run, and by helm."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from tests.support.api_server import ApiServer, api_server
from tests.support.chart import CHART, CI_VALUES, Object, helm, objects, one
from tests.support.openapi import LOCATION, write_schemas
from tools.setup import ensure

BUNDLE = pathlib.Path("deploy/evenkeel.yaml")
EXAMPLES = sorted(pathlib.Path("deploy/examples").glob("*/*.yaml"))
SMALLEST = "tests/contract/crd/good/smallest.yaml"
NAMESPACE = "evenkeel-chart-test"
HELM_NAMESPACE = "evenkeel-helm-test"

api: ApiServer


def setUpModule() -> None:
    global api
    stack = contextlib.ExitStack()
    unittest.addModuleCleanup(stack.close)
    api = stack.enter_context(api_server("chart-test"))
    api.install_crd()
    restricted = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    for name in (NAMESPACE, HELM_NAMESPACE, "evenkeel-system"):
        api.make_namespace(name, **restricted)
    for name in ("store", "payments"):
        api.make_namespace(name)


def served(rendered: list[Object]) -> list[Object]:
    """Without the kinds that only a cluster with add-ons serves."""
    return [thing for thing in rendered if thing["kind"] != "ServiceMonitor"]


class SchemaTest(unittest.TestCase):
    """kubeconform with the schemas of the running API server."""

    folder: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        write_schemas(api, cls.folder)

    def _kubeconform(self, manifests: str) -> subprocess.CompletedProcess[str]:
        command = [
            str(ensure("kubeconform")["kubeconform"]),
            "-strict",
            "-summary",
            "-output=json",
            "-schema-location",
            str(self.folder / LOCATION),
            "-skip=ServiceMonitor",
            "-",
        ]
        return subprocess.run(
            command, input=manifests, capture_output=True, text=True, check=False, timeout=120
        )

    def test_everything_rendered_fits_the_schemas(self) -> None:
        for path in CI_VALUES:
            with self.subTest(path.name):
                done = self._kubeconform(yaml.safe_dump_all(objects(path)))
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)
                self.assertEqual(len(served(objects(path))), json.loads(done.stdout)["summary"]["valid"])

    def test_plain_manifests_and_examples_fit_the_schemas(self) -> None:
        for path in (BUNDLE, *EXAMPLES):
            with self.subTest(str(path)):
                done = self._kubeconform(path.read_text(encoding="utf-8"))
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_a_misspelt_field_is_noticed(self) -> None:
        deployment = one(objects(), "Deployment")
        deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicies"] = "Always"
        self.assertNotEqual(0, self._kubeconform(yaml.safe_dump(deployment)).returncode)


class DryRunTest(unittest.TestCase):
    def test_the_server_takes_every_rendering_without_a_warning(self) -> None:
        for path in CI_VALUES:
            with self.subTest(path.name):
                manifests = yaml.safe_dump_all(served(objects(path)))
                done = api.run(
                    "apply",
                    "--dry-run=server",
                    "--server-side",
                    "--force-conflicts",
                    "-f",
                    "-",
                    stdin=manifests,
                )
                # The pod security standard only warns about a Deployment; it refuses the pod later.
                self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_the_server_takes_the_plain_manifests(self) -> None:
        done = api.run("apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", str(BUNDLE))
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_the_pod_is_admitted_where_restricted_is_enforced(self) -> None:
        for path in (*CI_VALUES, None):
            with self.subTest(str(path)):
                template = one(objects(*([path] if path else [])), "Deployment")["spec"]["template"]
                account = template["spec"]["serviceAccountName"]
                api.run("create", "serviceaccount", account, "-n", NAMESPACE)
                pod = {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "spec": template["spec"],
                    "metadata": {"name": "evenkeel", "namespace": NAMESPACE},
                }
                done = api.run("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
                self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_a_pod_that_asks_for_more_is_not_admitted(self) -> None:
        template = one(objects(), "Deployment")["spec"]["template"]
        template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
        api.run("create", "serviceaccount", "evenkeel", "-n", NAMESPACE)
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "spec": template["spec"],
            "metadata": {"name": "evenkeel", "namespace": NAMESPACE},
        }
        done = api.run("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
        self.assertIn("violates PodSecurity", done.stderr)


class HelmTest(unittest.TestCase):
    """helm against the API server; without a node nothing becomes ready, so nothing is waited for."""

    def _helm(self, *arguments: str) -> str:
        done = helm(*arguments, "--namespace", HELM_NAMESPACE, "--kubeconfig", str(api.kubeconfig))
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def _install(self) -> str:
        # The CRD was there before; helm takes over only what it is told to.
        return self._helm("install", "evenkeel", str(CHART), "--take-ownership")

    def setUp(self) -> None:
        self.addCleanup(api.run, "delete", "lbs", "--all", "-n", "store")
        self.addCleanup(
            helm, "uninstall", "evenkeel", "-n", HELM_NAMESPACE, "--kubeconfig", str(api.kubeconfig)
        )

    def test_services_survive_upgrade_and_uninstall(self) -> None:
        self.assertIn("kubectl apply -f - <<YAML", self._install())
        api.kubectl("create", "-f", SMALLEST)
        uid = api.get("lbs/shop", "-n", "store")["metadata"]["uid"]
        self._helm("upgrade", "evenkeel", str(CHART), "--set", "logLevel=debug")
        self._helm("uninstall", "evenkeel")
        self.assertEqual(uid, api.get("lbs/shop", "-n", "store")["metadata"]["uid"])
        self.assertNotEqual(0, api.run("get", "deployment/evenkeel", "-n", HELM_NAMESPACE).returncode)
        # And it can be installed again over what it has left behind.
        self._install()

    def test_the_example_of_the_notes_is_valid(self) -> None:
        notes = self._install().split("<<YAML\n")[1].split("  YAML\n")[0]
        manifest = "\n".join(line.removeprefix("  ") for line in notes.splitlines())
        self.assertEqual("", api.run("create", "--dry-run=server", "-f", "-", stdin=manifest).stderr)


if __name__ == "__main__":
    unittest.main()
