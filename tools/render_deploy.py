"""Renders deploy/evenkeel.yaml, the plain manifests, from the chart, and copies the CRD into the chart.

    python3 -m tools.render_deploy            write both
    python3 -m tools.render_deploy --check    say whether they are up to date; exit 1 if not

The chart cannot reach files outside its own folder, hence the copy.
"""

import argparse
import pathlib
import subprocess
import sys

from tools.paths import REPOSITORY
from tools.setup import SetupError, ensure

CHART = REPOSITORY / "charts" / "evenkeel"
CRD = REPOSITORY / "crds" / "evenkeel.dev_loadbalancedservices.yaml"
CRD_COPY = CHART / "files" / CRD.name
BUNDLE = REPOSITORY / "deploy" / "evenkeel.yaml"

HEAD = """\
# Evenkeel as plain manifests: kubectl apply --server-side -f deploy/evenkeel.yaml
# Rendered from charts/evenkeel by `python3 -m tools.render_deploy`; change the chart instead.
apiVersion: v1
kind: Namespace
metadata:
  name: evenkeel-system
  labels:
    app.kubernetes.io/part-of: evenkeel
    pod-security.kubernetes.io/enforce: restricted
"""

# What only makes sense for something that helm looks after.
HELM_ONLY = ("# Source: ", "helm.sh/", "app.kubernetes.io/managed-by: Helm")


class RenderError(Exception):
    """The chart cannot be rendered; the text says why."""


def bundle() -> str:
    """The plain manifests, as the chart and the CRD stand now."""
    command = [
        str(ensure("helm")["helm"]),
        "template",
        "evenkeel",
        str(CHART),
        "--namespace=evenkeel-system",
        "--set=crds.keep=false",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RenderError(f"helm cannot render the chart: {done.stderr.strip()}")
    lines = [line for line in done.stdout.splitlines() if not line.strip().startswith(HELM_ONLY)]
    return HEAD + "\n".join(lines) + "\n"


def stale() -> list[pathlib.Path]:
    """The files that differ from what they are made from."""
    made = []
    if _text(CRD_COPY) != _text(CRD):
        made.append(CRD_COPY)
    if _text(BUNDLE) != bundle():
        made.append(BUNDLE)
    return made


def write() -> None:
    """Brings both files up to date; the copy first, for the bundle contains it."""
    CRD_COPY.write_text(_text(CRD), encoding="utf-8")
    BUNDLE.write_text(bundle(), encoding="utf-8")


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.render_deploy", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something is out of date"
    )
    arguments = parser.parse_args()
    try:
        if not arguments.check:
            write()
            return 0
        late = [str(path.relative_to(REPOSITORY)) for path in stale()]
    except (RenderError, SetupError, OSError) as error:
        print(f"render_deploy: {error}", file=sys.stderr)
        return 1
    if late:
        print(f"out of date: {', '.join(late)}; run: python3 -m tools.render_deploy", file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
