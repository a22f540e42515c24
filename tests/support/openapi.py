"""JSON schemas for kubeconform, made from what an API server says about itself."""

import json
import pathlib
from typing import Any

from tests.support.api_server import ApiServer

Schema = dict[str, Any]

# How kubeconform finds the files that write_schemas() writes.
LOCATION = "{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json"


def write_schemas(api: ApiServer, folder: pathlib.Path) -> int:
    """Writes a file for every kind of the server, each complete in itself. Unknown fields are errors in them.

    Returns the number of kinds.
    """
    index = json.loads(api.kubectl("get", "--raw", "/openapi/v3"))["paths"]
    count = 0
    for name, entry in index.items():
        if not name.startswith(("api/", "apis/")):
            continue
        components = json.loads(api.kubectl("get", "--raw", entry["serverRelativeURL"])).get("components", {})
        schemas: Schema = components.get("schemas", {})
        for schema in schemas.values():
            _close(schema)
        for title, schema in schemas.items():
            for kind in schema.get("x-kubernetes-group-version-kind", []):
                # Options and events of watches list every group there is; they are no manifests.
                if kind["kind"] in ("DeleteOptions", "WatchEvent", "Status"):
                    continue
                whole = {"$ref": f"#/components/schemas/{title}", "components": components}
                # kubeconform has no empty group: it calls the core group by its version.
                group = kind["group"] or kind["version"]
                path = folder / f"{group}-{kind['version']}-{kind['kind'].lower()}.json"
                path.write_text(json.dumps(whole), encoding="utf-8")
                count += 1
    return count


def _close(schema: Any) -> None:
    """Forbids properties that are not listed, wherever some are."""
    if isinstance(schema, list):
        for item in schema:
            _close(item)
    elif isinstance(schema, dict):
        # A property may be called "properties" itself, as in the CRD's own schema: then this is no list of them.
        listed = schema.get("properties")
        if (
            isinstance(listed, dict)
            and schema.get("type") == "object"
            and "additionalProperties" not in schema
        ):
            schema["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields", False))
        for value in schema.values():
            _close(value)
