"""Renders the chart the way a user would."""

import json
import pathlib
import subprocess
from collections.abc import Iterable
from typing import Any

import yaml

from tools.setup import ensure

CHART = pathlib.Path("charts/evenkeel")
CI_VALUES = tuple(sorted((CHART / "ci").glob("*-values.yaml")))
NAMESPACE = "evenkeel-system"

Object = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs helm; its verdict is the caller's business."""
    command = [str(ensure("helm")["helm"]), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def template(
    *values: pathlib.Path, settings: Iterable[str] = (), apis: Iterable[str] = ("monitoring.coreos.com/v1",)
) -> subprocess.CompletedProcess[str]:
    """helm template with values files and --set-json settings, for a cluster that serves `apis`."""
    return helm(
        "template",
        "evenkeel",
        str(CHART),
        f"--namespace={NAMESPACE}",
        *(f"--values={path}" for path in values),
        *(f"--set-json={setting}" for setting in settings),
        *(f"--api-versions={api}" for api in apis),
    )


def objects(*values: pathlib.Path, settings: Iterable[str] = ()) -> list[Object]:
    """What the chart renders to; an AssertionError with helm's words if it does not."""
    done = template(*values, settings=settings)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def one(rendered: list[Object], kind: str, name: str | None = None) -> Object:
    """The only object of a kind (and name)."""
    found = [o for o in rendered if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} objects {kind} {name or ''}: {json.dumps(found)[:500]}")
    return found[0]


def operator_config(rendered: list[Object]) -> Object:
    """The configuration file that the pod reads."""
    return dict(yaml.safe_load(one(rendered, "ConfigMap")["data"]["config.yaml"]))
