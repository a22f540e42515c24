"""Reads the API server's audit log, and what a ClusterRole grants."""

import json
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.cluster import Cluster

Grant = tuple[str, str, str]  # verb, group, resource with its subresource


@dataclass(frozen=True)
class ApiRequest:
    verb: str
    group: str
    resource: str
    code: int  # 0: not answered yet


class AuditLog:
    def __init__(self, path: pathlib.Path) -> None:
        self._lines = path.read_text(encoding="utf-8").splitlines()

    def requests_of(self, namespace: str, service_account: str) -> list[ApiRequest]:
        """What a service account asked for, resources only."""
        user = f"system:serviceaccount:{namespace}:{service_account}"
        found = []
        for line in self._lines:
            if user not in line or not line.endswith("}"):
                continue
            event = json.loads(line)
            target = event.get("objectRef")
            if event["user"]["username"] == user and target and "resource" in target:
                resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
                code = event.get("responseStatus", {}).get("code", 0)
                found.append(ApiRequest(event["verb"], target.get("apiGroup", ""), resource, code))
        return found


def granted_verbs(cluster: "Cluster", role: str) -> set[Grant]:
    """Every verb on every resource that the ClusterRole in the live API server grants."""
    rules = json.loads(cluster.kubectl("get", "clusterrole", role, "-o", "json"))["rules"]
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule.get("apiGroups", [])
        for resource in rule.get("resources", [])
    }
