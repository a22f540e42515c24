"""Renders the reference part of docs/api.md from the CRD, so that the two cannot disagree.

    python3 -m tools.render_api            write it
    python3 -m tools.render_api --check    say whether it is up to date; exit 1 if not
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from tools.paths import REPOSITORY

CRD = REPOSITORY / "crds" / "evenkeel.dev_loadbalancedservices.yaml"
PAGE = REPOSITORY / "docs" / "api.md"
BEGIN = "<!-- Generated from the CRD by `python3 -m tools.render_api`; change the CRD instead. -->\n"

Schema = dict[str, Any]


class RenderError(Exception):
    """The page cannot be rendered; the text says why."""


def page() -> str:
    """The whole page: what stands above the marker as it is, below it the reference."""
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN not in text:
        raise RenderError(f"{PAGE.name} has lost the line that its reference begins after: {BEGIN.strip()}")
    return text[: text.index(BEGIN)] + BEGIN + reference()


def reference() -> str:
    """Tables of spec and status, and the rules, in Markdown."""
    crd = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    lines = []
    for part in ("spec", "status"):
        lines += ["", f"### {part}", "", "| field | type | default | meaning |", "|---|---|---|---|"]
        lines += [_row(*field) for field in _fields(root["properties"][part], part)]
    lines += [
        "",
        "### Rules between fields",
        "",
        "| at | what the API server answers where it is broken |",
        "|---|---|",
    ]
    lines += [
        f"| `{place}` | {_cell(message)} |" for place, message in _rules(root["properties"]["spec"], "spec")
    ]
    return "\n".join(lines) + "\n"


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    for name, child in schema.get("properties", {}).items():
        place = f"{path}.{name}"
        yield place, child, name in schema.get("required", [])
        items = child.get("items", {})
        yield from _fields(items, f"{place}[]") if items else _fields(child, place)


def _row(place: str, schema: Schema, required: bool) -> str:
    default = f"`{json.dumps(schema['default'])}`" if "default" in schema else "required" if required else ""
    return f"| `{place}` | {_type(schema)} | {_cell(default)} | {_cell(schema['description'])} |"


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return "number or text"
    kind = schema["type"]
    if kind == "integer":
        return f"integer, {schema['minimum']} to {schema['maximum']}"
    if kind == "array":
        keys = schema.get("x-kubernetes-list-map-keys")
        count = f"{schema.get('minItems', 0)} to {schema['maxItems']}"
        return f"list, {count}" + (f", by `{keys[0]}`" if keys else "")
    if kind == "object" and "additionalProperties" in schema:
        return f"map to {schema['additionalProperties']['type']}, at most {schema['maxProperties']}"
    if kind == "string":
        return "time" if schema.get("format") == "date-time" else f"text, at most {schema['maxLength']}"
    return str(kind)


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield path + rule.get("fieldPath", ""), rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from _rules(child, f"{path}.{name}")
    if "items" in schema:
        yield from _rules(schema["items"], f"{path}[]")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.render_api", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the page is out of date"
    )
    arguments = parser.parse_args()
    try:
        wanted = page()
        if not arguments.check:
            PAGE.write_text(wanted, encoding="utf-8")
        elif wanted != PAGE.read_text(encoding="utf-8"):
            print("docs/api.md is out of date; run: python3 -m tools.render_api", file=sys.stderr)
            return 1
    except (RenderError, OSError) as error:
        print(f"render_api: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
