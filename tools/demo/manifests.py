"""The manifests of the example, under other names where asked. They exist once: in deploy/examples/shop."""

from typing import Any

import yaml

from tools.demo.options import Options
from tools.paths import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "examples" / "shop"


def shop(options: Options, image: str) -> list[dict[str, Any]]:
    """The objects of the example in the order in which they are applied, with the pods on `image`."""
    names = _names(options)
    objects = [
        _renamed(item, names)
        for path in sorted(FOLDER.glob("*.yaml"))
        for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    for item in objects:
        if item["kind"] == "Deployment":
            for container in item["spec"]["template"]["spec"]["containers"]:
                container["image"] = image
        if item["kind"] == "LoadBalancedService":
            item["spec"]["scaling"]["maxReplicas"] = options.max_replicas
    return objects


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The first object of a kind."""
    return next(item for item in objects if item["kind"] == kind)


def as_yaml(objects: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False)


def _names(options: Options) -> dict[str, str]:
    names = {"store": options.namespace, "shop": options.app}
    for old, new in (("blue", options.primary), ("green", options.standby)):
        names |= {old: new, f"shop-{old}": options.deployment(new), f"ready-{old}": f"ready-{new}"}
    return names


def _renamed(item: Any, names: dict[str, str]) -> Any:
    """A copy in which every key and every text that is exactly one of the names has its new one."""
    if isinstance(item, dict):
        return {names.get(key, key): _renamed(value, names) for key, value in item.items()}
    if isinstance(item, list):
        return [_renamed(value, names) for value in item]
    return names.get(item, item) if isinstance(item, str) else item
