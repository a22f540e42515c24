"""Runs a program of tests with an API server: python3 -m tests.support.kube_contract PROGRAM [ARGUMENT ...]

The program finds the server through EVENKEEL_TEST_KUBECONFIG and kubectl through EVENKEEL_TEST_KUBECTL.
"""

import os
import subprocess
import sys

from tests.support.api_server import api_server
from tools.setup import ensure


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    kubectl = ensure("kubectl")["kubectl"]
    with api_server("kube-contract") as server:
        environment = {
            **os.environ,
            "EVENKEEL_TEST_KUBECONFIG": str(server.kubeconfig),
            "EVENKEEL_TEST_KUBECTL": str(kubectl),
        }
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
