"""A small client of the API server: enough to set up a cluster and to wait for things in it."""

import http.client
import json
import ssl
import time
from collections.abc import Iterable

from .errors import ClusterError
from .layout import Layout

_PATHS = {  # kind -> prefix and plural; namespaced when the object names a namespace
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Service": ("/api/v1", "services"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "ValidatingAdmissionPolicy": ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
    "ValidatingAdmissionPolicyBinding": (
        "/apis/admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
    ),
    "GatewayClass": ("/apis/gateway.networking.k8s.io/v1", "gatewayclasses"),
    "Gateway": ("/apis/gateway.networking.k8s.io/v1", "gateways"),
}
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_RETRY_SECONDS = 20.0
_REQUEST_SECONDS = 20.0


class Api:
    """Speaks to one API server as its administrator. Not for use by several threads at once."""

    def __init__(self, layout: Layout) -> None:
        self._host = layout.address
        self._tls = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        self._tls.load_cert_chain(str(layout.pki / "admin.crt"), str(layout.pki / "admin.key"))

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, str]:
        """Status and text of the answer; 0 and the reason when the server cannot be reached."""
        connection = http.client.HTTPSConnection(
            self._host, 6443, context=self._tls, timeout=_REQUEST_SECONDS
        )
        try:
            connection.request(method, path, body, {"Content-Type": kind, "Accept": accept})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as problem:
            return 0, str(problem)
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.request("GET", "/readyz")[0] == 200

    def get(self, path: str) -> dict | None:
        """The object at the path, or None when there is none or the server does not answer."""
        status, text = self.request("GET", path)
        return json.loads(text) if status == 200 else None

    def has_condition(self, path: str, kind: str) -> bool:
        """Whether the object at the path exists and its condition of that kind is True."""
        conditions = ((self.get(path) or {}).get("status") or {}).get("conditions") or []
        return any(c["type"] == kind and c["status"] == "True" for c in conditions)

    def serves(self, definitions: Iterable[dict]) -> bool:
        """Whether the server lists the kinds of these CRDs, and names them to who asks what it has."""
        groups = json.loads(self.request("GET", "/apis", accept=_DISCOVERY)[1] or "{}").get("items", [])
        known = {
            f"/apis/{group['metadata']['name']}/{version['version']}/{resource['resource']}"
            for group in groups
            for version in group["versions"]
            for resource in version.get("resources", [])
        }
        wanted = {
            f"/apis/{d['spec']['group']}/{version['name']}/{d['spec']['names']['plural']}"
            for d in definitions
            for version in d["spec"]["versions"]
            if version["served"]
        }
        return wanted <= known and all(self.request("GET", path)[0] == 200 for path in wanted)

    def apply(self, objects: Iterable[dict]) -> None:
        """Server-side apply of each object in turn. A kind that it is just learning is tried again."""
        for item in objects:
            path = path_of(item)
            query = "?fieldManager=local-cluster&force=true"
            deadline = time.monotonic() + _RETRY_SECONDS
            while True:
                status, text = self.request(
                    "PATCH", path + query, json.dumps(item).encode(), "application/apply-patch+yaml"
                )
                if status in (200, 201):
                    break
                if status in (400, 403, 422) or time.monotonic() > deadline:
                    raise ClusterError(f"the API server refuses {path} with {status}: {text.strip()[:600]}")
                time.sleep(0.05)


def path_of(item: dict) -> str:
    """Path of one object on the API server."""
    prefix, plural = _PATHS[item["kind"]]
    namespace = item["metadata"].get("namespace")
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{middle}/{plural}/{item['metadata']['name']}"


def grant(user: str, rules: list[dict]) -> list[dict]:
    """The objects that allow a user, cluster-wide, what the rules say."""
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": f"local-cluster:{user}"},
            "rules": rules,
        },
        bind(user, f"local-cluster:{user}"),
    ]


def bind(user: str, role: str) -> dict:
    """The object that gives a user a ClusterRole."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"local-cluster:{user}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def namespace(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def published(
    name: str, space: str, address: str, ports: list[dict], cluster_ip: str | None = None
) -> list[dict]:
    """A Service without selector and the EndpointSlice that leads it to a server outside of pods."""
    spec: dict = {"ports": ports}
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space}, "spec": spec},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-server",
                "namespace": space,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": [{"name": p["name"], "port": p["port"], "protocol": p["protocol"]} for p in ports],
        },
    ]
