"""Keys, certificates and kubeconfigs of one cluster, made by openssl in milliseconds."""

import base64
import json
import pathlib
import subprocess
from collections.abc import Iterable

from .errors import ClusterError
from .layout import Layout

ADMIN = "admin"
# Name of the files -> user (CN) and groups (O) that the API server sees.
_CLIENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    ADMIN: ("admin", ("system:masters",)),
    "api-server-to-kubelet": ("kube-apiserver", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kubelet": ("system:node:node", ("system:nodes",)),
    "kube-proxy": ("system:kube-proxy", ()),
    "kwok": ("kwok", ("system:masters",)),
    "coredns": ("coredns", ()),
    "contour": ("contour", ()),
    "prometheus": ("prometheus", ()),
}
_DAYS = "365"


def create_all(layout: Layout, clients: Iterable[str]) -> None:
    """Writes <name>.crt and <name>.key for the authority, the servers and the named clients into layout.pki.

    Each client gets a kubeconfig; the administrator's is layout.kubeconfig.
    """
    layout.pki.mkdir(mode=0o700)
    _make_authority(layout.pki)
    api_names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
    ]
    _make(
        layout.pki,
        "kube-apiserver",
        "kube-apiserver",
        (),
        api_names,
        ["127.0.0.1", layout.address, layout.kubernetes_address],
    )
    _make(layout.pki, "kubelet-server", "node", (), ["node"], [layout.address])
    _openssl(
        "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", layout.pki / "service-account.key"
    )
    for name in {ADMIN, *clients}:
        user, groups = _CLIENTS[name]
        _make(layout.pki, name, user, groups)
        path = layout.kubeconfig if name == ADMIN else kubeconfig_of(layout, name)
        _write_kubeconfig(layout, name, path)


def kubeconfig_of(layout: Layout, client: str) -> pathlib.Path:
    return layout.pki / f"{client}.kubeconfig"


def _make_authority(folder: pathlib.Path) -> None:
    settings = folder / "ca.conf"
    settings.write_text(
        "[req]\ndistinguished_name=name\nx509_extensions=ext\n[name]\n[ext]\n"
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign\n"
        "subjectKeyIdentifier=hash\n"
    )
    _openssl(
        "req",
        "-x509",
        "-config",
        settings,
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        folder / "ca.key",
        "-out",
        folder / "ca.crt",
        "-subj",
        "/CN=evenkeel-local",
        "-days",
        _DAYS,
    )


def _make(
    folder: pathlib.Path,
    name: str,
    user: str,
    groups: Iterable[str],
    dns: Iterable[str] = (),
    addresses: Iterable[str] = (),
) -> None:
    """A certificate with names or addresses is a server's, one without a client's."""
    names = [f"DNS:{d}" for d in dns] + [f"IP:{a}" for a in addresses]
    usage = "serverAuth" if names else "clientAuth"
    settings = folder / f"{name}.conf"
    settings.write_text(
        "[req]\ndistinguished_name=name\nx509_extensions=ext\n[name]\n[ext]\nbasicConstraints=CA:FALSE\n"
        f"keyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\nauthorityKeyIdentifier=keyid\n"
        + (f"subjectAltName={','.join(names)}\n" if names else "")
    )
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
    _openssl(
        "req",
        "-x509",
        "-config",
        settings,
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-CA",
        folder / "ca.crt",
        "-CAkey",
        folder / "ca.key",
        "-keyout",
        folder / f"{name}.key",
        "-out",
        folder / f"{name}.crt",
        "-subj",
        subject,
        "-days",
        _DAYS,
    )


def _write_kubeconfig(layout: Layout, client: str, path: pathlib.Path) -> None:
    def data(name: str) -> str:
        return base64.b64encode((layout.pki / name).read_bytes()).decode()

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": layout.netns,
        "clusters": [
            {
                "name": layout.netns,
                "cluster": {"server": layout.api_url, "certificate-authority-data": data("ca.crt")},
            }
        ],
        "users": [
            {
                "name": client,
                "user": {
                    "client-certificate-data": data(f"{client}.crt"),
                    "client-key-data": data(f"{client}.key"),
                },
            }
        ],
        "contexts": [{"name": layout.netns, "context": {"cluster": layout.netns, "user": client}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1) + "\n")


def _openssl(*arguments: object) -> None:
    command = ["openssl", *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}. It takes openssl 3.0 or newer"
        )
