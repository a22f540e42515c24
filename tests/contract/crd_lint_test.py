"""The CRD follows the API conventions, and every rule that says so can fail."""

import copy
import pathlib
import unittest
from collections.abc import Callable
from typing import Any

import yaml

from tests.contract.crd_lint import lint, walk

CRD = pathlib.Path("crds/evenkeel.dev_loadbalancedservices.yaml")

Schema = dict[str, Any]


def _node(root: Schema, path: str) -> Schema:
    return next(node for place, node in walk(root) if place == path)


def _first_status_property_is_replicas(root: Schema) -> None:
    status = _node(root, "status")
    status["properties"] = {"replicas": status["properties"].pop("replicas"), **status["properties"]}


def _set(path: str, **values: Any) -> Callable[[Schema], None]:
    return lambda root: _node(root, path).update(values)


def _drop(path: str, key: str) -> Callable[[Schema], None]:
    return lambda root: _node(root, path).pop(key)


# (what is planted, part of the complaint it must raise)
PLANTED: list[tuple[Callable[[Schema], None], str]] = [
    (_first_status_property_is_replicas, "conditions: conditions is not the first"),
    (
        _set("status.conditions", **{"x-kubernetes-list-type": "atomic"}),
        "conditions: conditions is not a map",
    ),
    (
        lambda root: _node(root, "status.conditions[]")["properties"].pop("reason"),
        "a condition does not have",
    ),
    (_set("status", required=["replicas"]), "status: status has required"),
    (_set("", nullable=True), "status: the root carries"),
    (lambda root: _node(root, "spec")["properties"].pop("replicas"), "scale: specReplicasPath"),
    (_drop("spec.backends", "x-kubernetes-list-type"), "an array without a list type"),
    (_drop("spec.backends", "x-kubernetes-list-map-keys"), "a map list without keys"),
    (_drop("spec.routes", "maxItems"), "an array without maxItems"),
    (_drop("spec.routes[]", "required"), "without a required field"),
    (_set("spec.backends[]", required=["name", "weight"]), "required field weight has a default"),
    (_set("spec.backends[]", required=["nmae"]), "required field nmae does not exist"),
    (_set("spec.replicas", type="number"), "a float"),
    (_set("spec.mode", type="boolean"), "a boolean"),
    (_drop("spec.replicas", "format"), "an integer without format"),
    (_drop("spec.replicas", "maximum"), "an integer without minimum and maximum"),
    (_set("spec.replicas", maximum=2**60), "bounds beyond 2^53"),
    (_drop("spec.routes[].objectName", "maxLength"), "a string without maxLength"),
    (_drop("spec.scaling.metrics[].target.value", "maxLength"), "a string without maxLength"),
    (_set("spec.mode", enum=["enforce"]), "does not begin with a capital"),
    (_set("spec.mode", format="duration"), "a duration string"),
    (_set("spec.scaling.metrics[].match{}", type="integer"), "a map of something else"),
    (_drop("spec.scaling.metrics[].match", "maxProperties"), "a map without maxProperties"),
    (_drop("spec.mode", "type"), "no type"),
    (_set("spec.mode", nullable=True), "uses nullable"),
    (_drop("spec.mode", "description"), "does not begin with 'mode'"),
    (_set("spec.mode", description="mode of it"), "does not end with a full stop"),
    (_set("spec.mode", description="mode {{ x }}."), "taken for a template"),
    (lambda root: _node(root, "spec")["properties"].update(phase={"type": "string"}), "advise against"),
    (lambda root: _node(root, "spec")["x-kubernetes-validations"][0].pop("message"), "no message for"),
    (
        lambda root: _node(root, "spec")["x-kubernetes-validations"][0].update(fieldPath=".no"),
        "fieldPath .no",
    ),
    (lambda root: _node(root, "spec")["x-kubernetes-validations"][0].update(rule="a\nb"), "line breaks"),
    (lambda root: _node(root, "spec")["x-kubernetes-validations"][0].update(reason="x"), "more than rule"),
]


class CrdLintTest(unittest.TestCase):
    def setUp(self) -> None:
        self.crd: Schema = yaml.safe_load(CRD.read_text(encoding="utf-8"))

    def test_the_crd_follows_the_conventions(self) -> None:
        self.assertEqual([], lint(self.crd))

    def test_every_rule_finds_what_it_is_there_to_find(self) -> None:
        for plant, complaint in PLANTED:
            with self.subTest(complaint):
                crd = copy.deepcopy(self.crd)
                plant(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
                self.assertTrue([c for c in lint(crd) if complaint in c], lint(crd))

    def test_names_and_columns_are_those_of_the_documentation(self) -> None:
        names = self.crd["spec"]["names"]
        self.assertEqual("loadbalancedservices.evenkeel.dev", self.crd["metadata"]["name"])
        self.assertEqual((["lbs"], ["evenkeel"]), (names["shortNames"], names["categories"]))
        columns = self.crd["spec"]["versions"][0]["additionalPrinterColumns"]
        shown = [c["name"].upper() for c in columns if not c.get("priority")]
        self.assertEqual(["READY", "TIER", "REPLICAS", "DESIRED", "WEIGHTS", "AGE"], shown)
        self.assertEqual(
            ["MIN", "MAX", "REASON"], [c["name"].upper() for c in columns if c.get("priority") == 1]
        )

    def test_no_two_rules_share_a_text(self) -> None:
        """The binary finds its own form of a rule by the text, so one text must mean one thing."""
        root = self.crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        messages: dict[str, set[str]] = {}
        for _, node in walk(root):
            for rule in node.get("x-kubernetes-validations", []):
                messages.setdefault(rule["rule"], set()).add(rule["message"])
        self.assertEqual([], [rule for rule, texts in messages.items() if len(texts) > 1])


if __name__ == "__main__":
    unittest.main()
