"""What a well-made CRD looks like: the rules of kube-api-linter that make sense without Go types."""

from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

# The largest integers that JSON readers keep exactly.
EXACT = 2**53

# Maps other than string to string: written whole by the operator, never merged, keyed by backend name.
INTEGER_MAPS = ("status.routes[].encodedWeights", "status.routes[].originalWeights")

ROOT_KEYS = {"type", "description", "properties", "required", "x-kubernetes-validations"}


def walk(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every node of a structural schema with its path: "spec.backends[].weight"; map values end in "{}"."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


def lint(crd: Schema) -> list[str]:
    """Every complaint about a CRD with one or more versions, each "rule: path: what"."""
    complaints: list[str] = []
    for version in crd["spec"]["versions"]:
        root = version["schema"]["openAPIV3Schema"]
        complaints += [f"{name}: {what}" for name, rule in WHOLE.items() for what in rule(version, root)]
        for path, node in walk(root):
            if path.startswith("metadata"):
                continue
            complaints += [
                f"{name}: {path}: {what}" for name, rule in NODES.items() for what in rule(path, node)
            ]
    return complaints


def _conditions(_version: Schema, root: Schema) -> Iterator[str]:
    status = root["properties"].get("status", {}).get("properties", {})
    if next(iter(status), None) != "conditions":
        yield "conditions is not the first property of status"
        return
    conditions = status["conditions"]
    if conditions.get("x-kubernetes-list-type") != "map" or conditions.get("x-kubernetes-list-map-keys") != [
        "type"
    ]:
        yield "conditions is not a map by type"
    expected = {"type", "status", "observedGeneration", "lastTransitionTime", "reason", "message"}
    if set(conditions["items"]["properties"]) != expected:
        yield f"a condition does not have exactly {sorted(expected)}"


def _status(version: Schema, root: Schema) -> Iterator[str]:
    if version.get("subresources", {}).get("status") != {}:
        yield "no status subresource"
    if root["properties"].get("status", {}).get("required"):
        yield "status has required fields"
    if "status" in root.get("required", []):
        yield "status is required"
    if set(root) - ROOT_KEYS:
        yield f"the root carries {sorted(set(root) - ROOT_KEYS)}"


def _scale(version: Schema, root: Schema) -> Iterator[str]:
    for name, place in version.get("subresources", {}).get("scale", {}).items():
        node = root
        for part in place.lstrip(".").split("."):
            node = node.get("properties", {}).get(part, {})
        if not node:
            yield f"{name} {place} is not in the schema"


def _lists(path: str, node: Schema) -> Iterator[str]:
    if node.get("type") != "array":
        return
    kind = node.get("x-kubernetes-list-type")
    if kind not in ("map", "set", "atomic"):
        yield "an array without a list type"
    if kind == "map" and not node.get("x-kubernetes-list-map-keys"):
        yield "a map list without keys"
    if "uniqueItems" in node:
        yield "uniqueItems"
    if "maxItems" not in node:
        yield "an array without maxItems"
    if node["items"].get("type") == "object" and not node["items"].get("required"):
        yield "objects in an array without a required field"


def _defaults(path: str, node: Schema) -> Iterator[str]:
    for name in node.get("required", []):
        child = node.get("properties", {}).get(name)
        if child is None:
            yield f"required field {name} does not exist"
        elif "default" in child:
            yield f"required field {name} has a default"
        elif path.startswith("status") and "[]" not in path:
            yield f"required field {name} in status"


def _numbers(path: str, node: Schema) -> Iterator[str]:
    if node.get("type") == "number":
        yield "a float: use a quantity"
    if node.get("type") == "boolean":
        yield "a boolean: use an enum"
    if node.get("type") != "integer":
        return
    if node.get("format") not in ("int32", "int64"):
        yield "an integer without format"
    if "minimum" not in node or "maximum" not in node:
        yield "an integer without minimum and maximum"
    elif max(abs(node["minimum"]), abs(node["maximum"])) > EXACT:
        yield "bounds beyond 2^53"


def _strings(path: str, node: Schema) -> Iterator[str]:
    if (node.get("type") == "string" or node.get("x-kubernetes-int-or-string")) and "maxLength" not in node:
        if path not in ("apiVersion", "kind"):  # Of every object: the API server bounds these.
            yield "a string without maxLength"
    for value in node.get("enum", []):
        # Values that are other people's names keep their spelling.
        if not path.endswith((".apiVersion", ".provider", "balancing.signals[].name")) and not value[:1].isupper():
            yield f"enum value {value} does not begin with a capital"
    if node.get("format") == "duration":
        yield "a duration string: use seconds"


def _maps(path: str, node: Schema) -> Iterator[str]:
    if "additionalProperties" not in node:
        return
    values = node["additionalProperties"]
    if not isinstance(values, dict) or values.get("type") != "string" and path not in INTEGER_MAPS:
        yield "a map of something else than strings: use a list with names"
    if "maxProperties" not in node:
        yield "a map without maxProperties"


def _structure(path: str, node: Schema) -> Iterator[str]:
    if "type" not in node and not node.get("x-kubernetes-int-or-string"):
        yield "no type"
    for key in ("$ref", "nullable", "x-kubernetes-preserve-unknown-fields", "oneOf", "anyOf", "allOf", "not"):
        if key in node:
            yield f"uses {key}"


def _names(path: str, node: Schema) -> Iterator[str]:
    name = path.rsplit(".", 1)[-1]
    if name == "phase" or name.endswith(("Timestamp", "Reference")):
        yield "a name that the conventions advise against (phase, ...Timestamp, ...Reference)"


def _descriptions(path: str, node: Schema) -> Iterator[str]:
    name = path.rsplit(".", 1)[-1]
    if not name or name.endswith(("[]", "{}")):
        return
    text = node.get("description", "")
    if not (text.startswith(f"{name} ") or text.startswith(f"{name}: ")):
        yield f"the description does not begin with {name!r}"
    elif not text.endswith("."):
        yield "the description does not end with a full stop"
    if "{{" in text:
        yield "the description would be taken for a template by helm"


def _rules(path: str, node: Schema) -> Iterator[str]:
    for rule in node.get("x-kubernetes-validations", []):
        if not rule.get("message"):
            yield f"no message for {rule['rule']}"
        if "\n" in rule["rule"] or "\n" in rule.get("message", "") or "  " in rule["rule"]:
            yield f"line breaks or double blanks in {rule['rule']}"
        if set(rule) - {"rule", "message", "fieldPath"}:
            yield f"more than rule, message and fieldPath: {sorted(rule)}"
        target = node
        for part in rule.get("fieldPath", "").lstrip(".").split("."):
            target = target if not part else target.get("properties", {}).get(part, {})
        if not target:
            yield f"fieldPath {rule['fieldPath']} is not in the schema"


WHOLE: dict[str, Callable[[Schema, Schema], Iterator[str]]] = {
    "conditions": _conditions,
    "status": _status,
    "scale": _scale,
}

NODES: dict[str, Callable[[str, Schema], Iterator[str]]] = {
    "lists": _lists,
    "defaults": _defaults,
    "numbers": _numbers,
    "strings": _strings,
    "maps": _maps,
    "structure": _structure,
    "names": _names,
    "descriptions": _descriptions,
    "rules": _rules,
}
