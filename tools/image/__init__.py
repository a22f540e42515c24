"""Builds the project's container images without a registry and without a Docker engine.

    from tools.image import build_image
    image = build_image("evenkeel")     # image.archive for `ctr images import`, image.name for the pod

An image is built again only when something that its Dockerfile copies has changed. Building needs root. The
function may be called from several processes at once; it raises SetupError, whose text is ready to be
printed.
"""

import hashlib
import pathlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from tools.image import base, sources
from tools.image.buildah import Buildah
from tools.paths import REPOSITORY, cache_dir
from tools.setup import SetupError, command, ensure_apt
from tools.setup.progress import Progress
from tools.setup.store import Store

__all__ = ["IMAGES", "PAUSE_IMAGE", "Image", "build_image"]

# The image that holds a pod's namespaces open; containerd's `sandbox_image` has to name exactly this.
PAUSE_IMAGE = "evenkeel.dev/pause:1"

_DOCKERFILES = {
    "evenkeel": "Dockerfile",
    "shop": "deploy/examples/shop/Dockerfile",
}  # The context is its folder.
_PAUSE_SOURCE = pathlib.Path(__file__).parent / "pause.c"
_PAUSE_DOCKERFILE = 'FROM scratch\nCOPY pause /pause\nUSER 65532:65532\nENTRYPOINT ["/pause"]\n'
_ARCHIVE = "image.tar"
IMAGES = (*_DOCKERFILES, "pause")


@dataclass(frozen=True)
class Image:
    archive: pathlib.Path  # an OCI archive
    name: str  # the reference it is imported under


def build_image(name: str) -> Image:
    """The image of that name, built first where the cache lacks it (progress on stderr)."""
    if name == "pause":
        return _build_pause()
    if name not in _DOCKERFILES:
        raise SetupError(f"there is no image {name!r}", remedy=f"name one of: {', '.join(IMAGES)}")
    dockerfile = REPOSITORY / _DOCKERFILES[name]
    if not dockerfile.is_file():
        raise SetupError(f"{dockerfile} is missing", remedy="restore it from version control")
    version = (REPOSITORY / "VERSION").read_text(encoding="utf-8").strip()
    reference = f"evenkeel.dev/{name}:{version}"
    made_from = f"{reference} {base.key()} {sources.checksum(dockerfile, dockerfile.parent)}"

    def fill(buildah: Buildah, folder: pathlib.Path) -> None:
        _bud(buildah, name, reference, dockerfile, dockerfile.parent, folder / _ARCHIVE)

    return _cached(name, made_from, reference, fill, on_base=True)


def _build_pause() -> Image:
    def fill(buildah: Buildah, folder: pathlib.Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as context_name:
            context = pathlib.Path(context_name)
            (context / "Dockerfile").write_text(_PAUSE_DOCKERFILE, encoding="utf-8")
            command.run(
                "compile the pause program",
                ["gcc", "-static", "-Os", "-s", "-o", str(context / "pause"), str(_PAUSE_SOURCE)],
                log=cache_dir() / "log" / "pause.log",
            )
            _bud(buildah, "pause", PAUSE_IMAGE, context / "Dockerfile", context, folder / _ARCHIVE)

    made_from = f"{PAUSE_IMAGE} {_PAUSE_DOCKERFILE} {_PAUSE_SOURCE.read_text(encoding='utf-8')}"
    return _cached("pause", made_from, PAUSE_IMAGE, fill, on_base=False)


def _cached(
    name: str, made_from: str, reference: str, fill: Callable[[Buildah, pathlib.Path], None], on_base: bool
) -> Image:
    store = Store(cache_dir() / "images")
    key = hashlib.sha256(made_from.encode()).hexdigest()
    place = store.find(name, key, (_ARCHIVE,))
    if place is None:
        ensure_apt("image")
        buildah = Buildah()
        if on_base:
            _ensure_base(buildah)
        progress = Progress(1)

        def build(folder: pathlib.Path) -> None:
            progress.note(lambda: _last_step(cache_dir() / "log" / f"image-{name}.log"))
            with buildah.alone():
                fill(buildah, folder)
                buildah.keep_small()

        with progress.step(f"building the image {reference}"):
            place = store.make(
                name,
                key,
                (_ARCHIVE,),
                build,
                lambda holder: progress.note(f"waiting for process {holder}, which is at it"),
            )
        store.forget(name, place, days=1)
    return Image(place / _ARCHIVE, reference)


def _ensure_base(buildah: Buildah) -> None:
    with buildah.alone():
        if not base.present(buildah):
            with Progress(1).step("making the Debian base image"):
                base.make(buildah)


def _bud(
    buildah: Buildah,
    name: str,
    reference: str,
    dockerfile: pathlib.Path,
    context: pathlib.Path,
    archive: pathlib.Path,
) -> None:
    buildah.run(
        f"build the image {reference}",
        "bud",
        "--isolation",
        "chroot",
        "--pull-never",
        "--layers",
        "--format",
        "oci",
        "--tag",
        reference,
        "--file",
        str(dockerfile),
        str(context),
        log=f"image-{name}",
        remedy=f"read {cache_dir() / 'log' / f'image-{name}.log'}: the first error in it is the one to mend",
    )
    buildah.run(
        f"write the archive of {reference}",
        "push",
        "--quiet",
        reference,
        f"oci-archive:{archive}:{reference}",
        log=f"image-{name}-archive",
    )


def _last_step(log: pathlib.Path) -> str:
    """The last line of a build log that counts: a compiler step `[12/120] ...`, a Dockerfile's `STEP 3/9`."""
    if not log.is_file():
        return ""
    counted = re.findall(
        r"^(?:STEP \d+/\d+|\[\d+/\d+\]).*", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return counted[-1][:60] if counted else ""
