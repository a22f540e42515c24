"""What the chart renders to, and what it refuses."""

import itertools
import json
import pathlib
import unittest
from typing import Any

import yaml

from tests.support.chart import CHART, CI_VALUES, Object, helm, objects, one, operator_config, template
from tools import render_deploy

CRD = pathlib.Path("crds/evenkeel.dev_loadbalancedservices.yaml")
VERSION = pathlib.Path("VERSION").read_text(encoding="utf-8").strip()
NAMESPACED = CHART / "ci" / "namespaced-values.yaml"
EVERYTHING = CHART / "ci" / "everything-values.yaml"

# Exactly what the operator does in a namespace that it looks after: (group, resource) -> verbs.
WORKING_RULES = {
    ("evenkeel.dev", "loadbalancedservices"): {"list", "watch"},
    ("evenkeel.dev", "loadbalancedservices/status"): {"patch"},
    ("apps", "deployments"): {"list", "watch"},
    ("apps", "deployments/scale"): {"patch"},
    ("", "services"): {"list", "watch"},
    ("discovery.k8s.io", "endpointslices"): {"list", "watch"},
    ("gateway.networking.k8s.io", "httproutes"): {"list", "watch", "patch"},
    ("events.k8s.io", "events"): {"create", "patch"},
}
CRD_RULE = {("apiextensions.k8s.io", "customresourcedefinitions"): {"get"}}

# (--set-json settings, part of what helm says)
REFUSED = [
    (["replicas=3"], "replicas"),
    (['image.tags="x"'], "tags"),
    (['image.pullPolicy="Sometimes"'], "pullPolicy"),
    (['image.digest="sha256:abc"'], "digest"),
    (['prometheus.url="prometheus:9090"'], "url"),
    (["prometheus.timeoutSeconds=0"], "timeoutSeconds"),
    (["prometheus.timeoutSeconds=5"], "prometheus.timeoutSeconds is 5: it must be below tickSeconds"),
    (['signals.scrapeIntervalSeconds="15s"'], "scrapeIntervalSeconds"),
    (
        ["signals.windowSeconds=59"],
        "signals.windowSeconds is 59: a rate needs a window of at least four scrape intervals",
    ),
    (["tickSeconds=1"], "tickSeconds"),
    (["workers=0"], "workers"),
    (['logLevel="verbose"'], "logLevel"),
    (['watchNamespaces="store"'], "watchNamespaces"),
    (['watchNamespaces=["Store"]'], "watchNamespaces"),
    (['presets.CPUUtilization={"query":"up","timestampQuery":"up"}'], "CPUUtilization"),
    (['presets.LatencyP99.query=""'], "query"),
    (["presets.LatencyP99.window=8"], "window"),
    (["crds.install=true"], "install"),
    (['metrics.serviceMonitor.enabled="yes"'], "enabled"),
    (['metrics.serviceMonitor.interval="often"'], "interval"),
    (
        ["metrics.serviceMonitor.enabled=true", "metrics.service.enabled=false"],
        "needs metrics.service.enabled",
    ),
    (["resources.request={}"], "request"),
]


def rules_of(role: Object) -> dict[tuple[str, str], set[str]]:
    granted: dict[tuple[str, str], set[str]] = {}
    for rule in role["rules"]:
        for place in itertools.product(rule["apiGroups"], rule["resources"]):
            granted.setdefault(place, set()).update(rule["verbs"])
    return granted


def differing(default: Any, other: Any, path: str = "") -> set[str]:
    """The paths of the defaults that a values file does not replace by something else."""
    if isinstance(default, dict) and default and isinstance(other, dict):
        return {
            p for key in default for p in differing(default[key], other.get(key), f"{path}.{key}".lstrip("."))
        }
    return {path} if other is None or other == default else set()


class RenderingTest(unittest.TestCase):
    def test_lint_is_content_with_every_values_file(self) -> None:
        for path in (None, *CI_VALUES):
            with self.subTest(str(path)):
                # helm lint knows no --api-versions; what needs them is rendered below.
                unserved = ["--set=metrics.serviceMonitor.enabled=false"] if path == EVERYTHING else []
                values = [f"--values={path}"] if path else []
                done = helm("lint", "--strict", str(CHART), *values, *unserved)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_every_values_file_renders_with_labels_and_namespaces(self) -> None:
        cluster_wide = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
        for path in CI_VALUES:
            for thing in objects(path):
                with self.subTest(f"{path.name} {thing['kind']} {thing['metadata']['name']}"):
                    labels = thing["metadata"]["labels"]
                    self.assertEqual("evenkeel", labels["app.kubernetes.io/instance"])
                    self.assertEqual(VERSION, labels["app.kubernetes.io/version"])
                    self.assertEqual(thing["kind"] not in cluster_wide, "namespace" in thing["metadata"])

    def test_everything_values_leave_no_default(self) -> None:
        defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
        everything = yaml.safe_load(EVERYTHING.read_text(encoding="utf-8"))
        # What would contradict the rest of that file, or is what another values file is there for.
        others = {
            "image.tag",
            "crds.enabled",
            "watchNamespaces",
            "serviceAccount.create",
            "rbac.create",
            "metrics.service.enabled",
            "nodeSelector.kubernetes.io/os",
        } | {f"presets.{name}" for name in defaults["presets"] if name != "RequestsPerSecond"}
        self.assertEqual(others, differing(defaults, everything))

    def test_everything_values_arrive(self) -> None:
        text = template(EVERYTHING).stdout
        for part in (
            "registry.example.com/evenkeel@sha256:0123",
            "team: platform",
            "example.com/role: keel",
            "name: even-keel",
            "app.kubernetes.io/name: keel",
            "interval: 30s",
            "release: prometheus",
            "priorityClassName: system-cluster-critical",
            "kubernetes.io/arch: amd64",
            "cpu: 100m",
            "node-role.kubernetes.io/control-plane",
            "example.com/control",
            "example.com/tier: control",
            "example.com/note: pod",
            "example.com/note: metrics",
            "name: pull",
        ):
            with self.subTest(part):
                self.assertIn(part, text)
        self.assertNotIn("prometheus.io/scrape", text)
        self.assertNotIn("resource-policy", text)

    def test_bad_values_are_refused_by_name(self) -> None:
        for settings, message in REFUSED:
            with self.subTest(" ".join(settings)):
                done = template(settings=settings)
                self.assertNotEqual(0, done.returncode, "helm took it")
                self.assertIn(message, done.stderr)

    def test_a_service_monitor_needs_its_kind(self) -> None:
        done = template(settings=["metrics.serviceMonitor.enabled=true"], apis=())
        self.assertIn("install the Prometheus operator first", done.stderr)

    def test_every_value_is_in_the_schema_and_in_the_documentation(self) -> None:
        documentation = pathlib.Path("docs/configuration.md").read_text(encoding="utf-8")
        schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
        values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
        self.assertEqual(set(values) | {"global"}, set(schema["properties"]))
        for key, value in values.items():
            names = [f"{key}.{name}" for name in value] if isinstance(value, dict) and value else [key]
            for name in names if key not in ("resources", "nodeSelector") else [key]:
                with self.subTest(name):
                    self.assertIn(f"`{name}", documentation)


class SourcesTest(unittest.TestCase):
    def test_versions_agree(self) -> None:
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
        demo = yaml.safe_load((CHART / "ci" / "demo-values.yaml").read_text(encoding="utf-8"))
        self.assertEqual([VERSION] * 3, [chart["version"], chart["appVersion"], demo["image"]["tag"]])

    def test_copy_of_the_crd_and_plain_manifests_are_up_to_date(self) -> None:
        self.assertEqual([], render_deploy.stale(), "run: python3 -m tools.render_deploy")

    def test_rendered_crd_is_the_crd(self) -> None:
        source = yaml.safe_load(CRD.read_text(encoding="utf-8"))
        rendered = one(objects(), "CustomResourceDefinition")
        self.assertEqual(source["spec"], rendered["spec"])
        keep = {"helm.sh/resource-policy": "keep"}
        self.assertEqual(source["metadata"]["annotations"] | keep, rendered["metadata"]["annotations"])
        loose = one(objects(settings=["crds.keep=false"]), "CustomResourceDefinition")
        self.assertEqual(source["metadata"]["annotations"], loose["metadata"]["annotations"])
        kinds = [o["kind"] for o in objects(settings=["crds.enabled=false"])]
        self.assertNotIn("CustomResourceDefinition", kinds)


class RightsTest(unittest.TestCase):
    def test_cluster_wide_mode_grants_exactly_what_is_used(self) -> None:
        rendered = objects()
        self.assertEqual(WORKING_RULES | CRD_RULE, rules_of(one(rendered, "ClusterRole", "evenkeel")))
        self.assertEqual([], [o for o in rendered if o["kind"] in ("Role", "RoleBinding")])

    def test_namespaced_mode_grants_the_same_in_these_namespaces_only(self) -> None:
        rendered = objects(NAMESPACED)
        self.assertEqual(CRD_RULE, rules_of(one(rendered, "ClusterRole", "evenkeel")))
        roles = [o for o in rendered if o["kind"] == "Role"]
        self.assertEqual({"store", "payments"}, {role["metadata"]["namespace"] for role in roles})
        for role in roles:
            self.assertEqual(WORKING_RULES, rules_of(role))
        bindings = [o for o in rendered if o["kind"] == "RoleBinding"]
        self.assertEqual({"store", "payments"}, {binding["metadata"]["namespace"] for binding in bindings})

    def test_the_crd_right_is_for_our_crd_alone(self) -> None:
        for values in ((), (NAMESPACED,)):
            rule = one(objects(*values), "ClusterRole", "evenkeel")["rules"][0]
            self.assertEqual(["loadbalancedservices.evenkeel.dev"], rule["resourceNames"])

    def test_only_our_account_is_bound(self) -> None:
        for path in CI_VALUES:
            rendered = objects(path)
            account = one(rendered, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
            for binding in (o for o in rendered if o["kind"].endswith("Binding")):
                subject = {"kind": "ServiceAccount", "name": account, "namespace": "evenkeel-system"}
                self.assertEqual([subject], binding["subjects"])


class PodTest(unittest.TestCase):
    def test_there_is_one_pod_at_a_time(self) -> None:
        spec = one(objects(), "Deployment")["spec"]
        self.assertEqual((1, {"type": "Recreate"}), (spec["replicas"], spec["strategy"]))

    def test_a_changed_configuration_starts_a_new_pod_and_an_unchanged_one_does_not(self) -> None:
        def annotations(*settings: str) -> Object:
            pod = one(objects(settings=settings), "Deployment")["spec"]["template"]
            return dict(pod["metadata"]["annotations"])

        self.assertNotEqual(annotations(), annotations('logLevel="debug"'))
        self.assertEqual(annotations(), annotations("metrics.service.enabled=false"))

    def test_ports_and_probes_meet_what_the_operator_listens_on(self) -> None:
        rendered = objects()
        container = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(["run", "--config", "/etc/evenkeel/config.yaml"], container["args"])
        self.assertEqual([{"name": "metrics", "containerPort": 8080}], container["ports"])
        self.assertEqual("0.0.0.0:8080", operator_config(rendered)["listen"])
        self.assertEqual("/readyz", container["readinessProbe"]["httpGet"]["path"])
        self.assertEqual("/healthz", container["livenessProbe"]["httpGet"]["path"])

    def test_service_and_deployment_select_the_same_pod(self) -> None:
        for path in (CHART / "ci" / "demo-values.yaml", EVERYTHING):
            rendered = objects(path)
            deployment = one(rendered, "Deployment")["spec"]
            labels = deployment["template"]["metadata"]["labels"]
            for selector in (
                deployment["selector"]["matchLabels"],
                one(rendered, "Service")["spec"]["selector"],
            ):
                self.assertEqual(selector, {key: labels[key] for key in selector})


class ConfigurationTest(unittest.TestCase):
    def test_defaults_reach_the_operator(self) -> None:
        config = operator_config(objects())
        self.assertEqual(
            {"url": "http://prometheus.monitoring.svc:9090", "timeoutSeconds": 4}, config["prometheus"]
        )
        self.assertEqual(
            (5, 2, "info", []),
            tuple(config[key] for key in ("tickSeconds", "workers", "logLevel", "watchNamespaces")),
        )
        presets = {
            "RequestsPerSecond",
            "LatencyP50",
            "LatencyP90",
            "LatencyP99",
            "ErrorRatio",
            "ActiveConnections",
            "ObservedRequests",
        }
        self.assertEqual(presets, set(config["presets"]))

    def test_placeholders_become_window_and_interval(self) -> None:
        for path, window, step in (
            (None, 60, 15),
            (CHART / "ci" / "demo-values.yaml", 8, 1),
            (EVERYTHING, 180, 30),
        ):
            presets = operator_config(objects(*([path] if path else [])))["presets"]
            text = json.dumps(presets)
            with self.subTest(str(path)):
                self.assertNotIn("$window", text)
                self.assertNotIn("$interval", text)
                self.assertEqual({window}, {preset["windowSeconds"] for preset in presets.values()})
                self.assertIn(f"[{window}s]", presets["LatencyP99"]["query"])
                self.assertIn(f"[{window}s:{step}s]", presets["LatencyP99"]["timestampQuery"])

    def test_names_that_look_like_numbers_stay_text(self) -> None:
        config = operator_config(objects(settings=['watchNamespaces=["123","true"]']))
        self.assertEqual(["123", "true"], config["watchNamespaces"])


if __name__ == "__main__":
    unittest.main()
