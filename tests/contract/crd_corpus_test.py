"""The real API server gives every manifest of the corpus its verdict, and kubectl works on our kind."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import unittest
from typing import Any

import yaml

from tests.support.api_server import ApiServer, api_server

CORPUS = pathlib.Path("tests/contract/crd")
NAMESPACE = "store"

# (manifest, path in the object that the server returns, what the documentation promises)
DEFAULTS: list[tuple[str, str, Any]] = [
    ("smallest", "mode", "Enforce"),
    ("smallest", "backends.0.tier", 0),
    ("smallest", "backends.0.weight", 100),
    ("smallest", "backends.0.workloadRef.apiVersion", "apps/v1"),
    ("smallest", "backends.0.workloadRef.kind", "Deployment"),
    ("smallest", "scaling.metrics.0.scope", None),
    ("smallest", "scaling.metrics.0.maxAgeSeconds", 120),
    ("smallest", "scaling.behavior", None),
    ("smallest", "scaling.maxSurgePercent", 100),
    ("smallest", "scaling.idleAfterSeconds", 300),
    ("smallest", "balancing", None),
    ("smallest", "health", None),
    ("smallest", "failover", None),
    (
        "empty_sections",
        "balancing",
        {
            "algorithm": "WeightedRoundRobin",
            "maxStepPercent": 20,
            "stepSeconds": 30,
            "smoothingSeconds": 30,
            "minSharePercent": 1,
            "drainSeconds": 30,
            "drainTimeoutSeconds": 600,
        },
    ),
    (
        "empty_sections",
        "health",
        {
            "minReadyPercent": 0,
            "failureThreshold": 3,
            "successThreshold": 2,
            "ejection": {"baseSeconds": 30, "factor": 2, "maxSeconds": 300, "maxEjectedPercent": 50},
        },
    ),
    (
        "empty_sections",
        "failover",
        {
            "overprovisioningPercent": 140,
            "panicPercent": 50,
            "preScale": "Enabled",
            "failback": {"mode": "Automatic", "afterSeconds": 60, "stepPercent": 20},
        },
    ),
    ("empty_sections", "backends.0.slowStart", {"windowSeconds": 0, "minPercent": 10}),
    ("empty_sections", "scaling.onMissingMetrics", {"policy": "Hold"}),
    (
        "empty_sections",
        "scaling.predictive",
        {"mode": "Off", "seasonSeconds": 86400, "historySeconds": 604800, "horizonSeconds": 600},
    ),
    ("everything", "scaling.schedules.1.timeZone", "UTC"),
    ("everything", "health.signals.0.maxAgeSeconds", 120),
    ("smallest", "replicas", None),
    ("quantities", "scaling.minReplicas", 1),
    ("behavior_defaults", "scaling.behavior.scaleUp.stabilizationWindowSeconds", 0),
    ("behavior_defaults", "scaling.behavior.scaleUp.selectPolicy", "Max"),
    (
        "behavior_defaults",
        "scaling.behavior.scaleUp.policies",
        [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    ),
    ("behavior_defaults", "scaling.behavior.scaleUp.tolerance", None),
    ("behavior_defaults", "scaling.behavior.scaleDown.stabilizationWindowSeconds", None),
    (
        "behavior_defaults",
        "scaling.behavior.scaleDown.policies",
        [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    ),
]

# A status with every field that there is.
STATUS: dict[str, Any] = {
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "observedGeneration": 1,
            "reason": "AsDeclared",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "message": "2 of 2 replicas serve.",
        }
    ],
    "observedGeneration": 1,
    "replicas": 2,
    "desiredReplicas": 3,
    "selector": "app=shop",
    "activeTier": 0,
    "weights": "blue=100",
    "backends": [
        {
            "name": "blue",
            "state": "Active",
            "tier": 0,
            "sharePermille": 1000,
            "targetSharePermille": 1000,
            "observedSharePermille": 998,
            "replicas": 2,
            "readyReplicas": 2,
            "desiredReplicas": 3,
            "ejectedUntil": "2026-01-01T00:05:00Z",
            "ejections": 2,
            "reason": "Fit",
        }
    ],
    "routes": [
        {
            "name": "shop",
            "kind": "HTTPRoute",
            "objectName": "shop",
            "provider": "gateway-api",
            "encodedWeights": {"blue": 100},
            "originalWeights": {"blue": 1},
            "programmedTime": "2026-01-01T00:00:00Z",
            "reason": "Programmed",
        }
    ],
    "signals": [
        {"name": "rps", "quality": "Fresh", "value": "120500m", "sampleTime": "2026-01-01T00:00:00Z"}
    ],
    "unsupported": [
        {"field": "spec.routes[0]", "provider": "gateway-api", "action": "Ignored", "detail": "none"}
    ],
    "lastDecision": {
        "time": "2026-01-01T00:00:00.123456Z",
        "summary": "2 to 3 for rps.",
        "steps": [
            {
                "step": "Metric",
                "metric": "rps",
                "value": "120500m",
                "quality": "Fresh",
                "replicas": 3,
                "detail": "above",
            },
            {"step": "Bounds", "backend": "blue", "replicas": 3, "sharePermille": 1000},
        ],
    },
    "lastScaleTime": "2026-01-01T00:00:00Z",
    "memory": "{}",
}


def violations(text: str) -> list[tuple[str, str]]:
    """(field, message) of each complaint of the API server; without its note on unchecked rules."""
    unknown = re.findall(r'unknown field "([^"]+)"', text)
    if unknown:
        return [(field, "unknown field") for field in unknown]
    listed = re.findall(
        r"^(?:\* |The LoadBalancedService .* is invalid: )\.?(\S+?): (.+)$", text, re.MULTILINE
    )
    return [(field, message) for field, message in listed if field != "<nil>"]


def expected(path: pathlib.Path) -> tuple[str, str]:
    """The field and the part of the message that the header of a bad manifest names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[0].removeprefix("# field: "), lines[1].removeprefix("# message: ")


def contains(whole: Any, part: Any) -> bool:
    """Whether `part` is still there in `whole`, which may have grown by defaults. A null counts as absent."""
    if isinstance(part, dict):
        given = {key: value for key, value in part.items() if value is not None}
        return isinstance(whole, dict) and all(
            key in whole and contains(whole[key], given[key]) for key in given
        )
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


def at(value: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    for part in path.split("."):
        if value is None:
            return None
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return value


api: ApiServer


def setUpModule() -> None:
    global api
    stack = contextlib.ExitStack()
    unittest.addModuleCleanup(stack.close)
    api = stack.enter_context(api_server("crd-corpus"))
    api.install_crd()
    api.make_namespace(NAMESPACE)


class CrdCorpusTest(unittest.TestCase):
    def _dry_run(self, folder: str) -> dict[pathlib.Path, Any]:
        paths = sorted((CORPUS / folder).glob("*.yaml"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = pool.map(
                lambda path: api.run("create", "--dry-run=server", "-o", "json", "-f", str(path)), paths
            )
        return dict(zip(paths, results, strict=True))

    def test_bad_manifests_are_refused_at_the_field_with_the_message(self) -> None:
        results = self._dry_run("bad")
        self.assertGreaterEqual(len(results), 150)
        for path, done in results.items():
            with self.subTest(path.name):
                self.assertNotEqual(0, done.returncode, "the API server took it")
                found = violations(done.stderr)
                field, message = expected(path)
                self.assertEqual({field}, {f for f, _ in found}, done.stderr)
                self.assertTrue([text for _, text in found if message in text], done.stderr)

    def test_good_manifests_are_taken_as_they_are(self) -> None:
        results = self._dry_run("good")
        self.assertGreaterEqual(len(results), 30)
        for path, done in results.items():
            with self.subTest(path.name):
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                given = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
                self.assertTrue(contains(json.loads(done.stdout)["spec"], given), done.stdout)

    def test_defaults_are_those_of_the_documentation(self) -> None:
        results = {path.stem: done for path, done in self._dry_run("good").items()}
        for name, path, value in DEFAULTS:
            with self.subTest(f"{name} {path}"):
                self.assertEqual(value, at(json.loads(results[name].stdout)["spec"], path))

    def test_every_rule_is_broken_by_some_manifest(self) -> None:
        crd = yaml.safe_load(
            pathlib.Path("crds/evenkeel.dev_loadbalancedservices.yaml").read_text(encoding="utf-8")
        )
        messages = re.findall(r"'message': (?:'([^']+)'|\"([^\"]+)\")", repr(crd))
        named = [expected(path)[1] for path in (CORPUS / "bad").glob("*.yaml")]
        for message in {a or b for a, b in messages}:
            with self.subTest(message):
                self.assertTrue([part for part in named if part in message], "no manifest breaks this rule")


class KubectlTest(unittest.TestCase):
    """What a person does with kubectl."""

    def setUp(self) -> None:
        self.addCleanup(api.run, "delete", "lbs", "--all", "-n", NAMESPACE)

    def _create(self, name: str) -> None:
        api.kubectl("create", "-f", str(CORPUS / "good" / f"{name}.yaml"))

    def _write_status(self, status: dict[str, Any]) -> dict[str, Any]:
        written = api.kubectl(
            "patch",
            "lbs/shop",
            "-n",
            NAMESPACE,
            "--subresource=status",
            "--type=merge",
            "-p",
            json.dumps({"status": status}),
            "-o",
            "json",
        )
        return dict(json.loads(written)["status"])

    def test_status_keeps_every_documented_field(self) -> None:
        self._create("smallest")
        self.assertEqual(STATUS, self._write_status(STATUS))

    def test_status_is_no_part_of_the_object_itself(self) -> None:
        self._create("smallest")
        api.kubectl(
            "patch", "lbs/shop", "-n", NAMESPACE, "--type=merge", "-p", json.dumps({"status": STATUS})
        )
        self.assertNotIn("status", api.get("lbs/shop", "-n", NAMESPACE))

    def test_get_prints_the_documented_columns(self) -> None:
        self._create("smallest")
        self._write_status(STATUS)
        header, row = api.kubectl("get", "lbs", "-n", NAMESPACE).splitlines()
        self.assertEqual(["NAME", "READY", "TIER", "REPLICAS", "DESIRED", "WEIGHTS", "AGE"], header.split())
        self.assertEqual(["shop", "True", "0", "2", "3", "blue=100"], row.split()[:-1])
        header, row = api.kubectl("get", "lbs", "-n", NAMESPACE, "-o", "wide").splitlines()
        self.assertEqual(["AGE", "MIN", "MAX", "REASON"], header.split()[-4:])
        self.assertEqual(["2", "20", "AsDeclared"], row.split()[-3:])
        self.assertIn("shop", api.kubectl("get", "evenkeel", "-n", NAMESPACE))

    def test_scale_sets_a_manual_count(self) -> None:
        self._create("smallest")
        api.kubectl("scale", "lbs/shop", "-n", NAMESPACE, "--replicas=7")
        self._write_status(STATUS)
        self.assertEqual(7, api.get("lbs/shop", "-n", NAMESPACE)["spec"]["replicas"])
        scale = json.loads(
            api.kubectl("get", "lbs/shop", "-n", NAMESPACE, "--subresource=scale", "-o", "json")
        )
        self.assertEqual(
            (7, 2, "app=shop"),
            (scale["spec"]["replicas"], scale["status"]["replicas"], scale["status"]["selector"]),
        )

    def test_scale_is_refused_with_a_remedy(self) -> None:
        for name, count, message in (
            ("smallest", 0, "use 1 or more"),
            ("weights_only", 3, "add spec.scaling"),
        ):
            with self.subTest(name):
                self._create(name)
                done = api.run("scale", "lbs/shop", "-n", NAMESPACE, f"--replicas={count}")
                self.assertNotEqual(0, done.returncode)
                self.assertIn(message, done.stderr)
                api.kubectl("delete", "lbs/shop", "-n", NAMESPACE)

    def test_explain_knows_every_field(self) -> None:
        text = api.kubectl("explain", "lbs.spec.scaling.behavior.scaleUp.policies")
        self.assertIn("periodSeconds is the time within which the change is allowed.", " ".join(text.split()))


if __name__ == "__main__":
    unittest.main()
