"""Fetch the scripts, fonts and icons that Axial serves itself: `make vendor`.

Every package is pinned by version and SHA-512. Nothing here runs when the app is installed or served:
the results are committed, and `static/vendor/VERSIONS.md` lists each file with its hash and licence.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
ICON_MAP = Path(__file__).with_name("icons.txt")
WEIGHTS = (400, 500, 600)


class VendorError(Exception):
    """A package that cannot be fetched or is not what was pinned."""


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned npm package and where its files go: path in the package to path under static/."""

    name: str
    version: str
    licence: str
    integrity: str
    files: Mapping[str, str] = field(default_factory=dict)


def plex(script: str) -> dict[str, str]:
    """The static weights of IBM Plex Sans for one script; only its Latin has a variable build."""
    names = [f"ibm-plex-sans-{script}-{script}-{weight}-normal.woff2" for weight in WEIGHTS]
    files = {f"files/{name}": f"fonts/{name.replace(f'{script}-{script}', script)}" for name in names}
    return files | {"LICENSE": f"fonts/LICENSE-ibm-plex-sans-{script}.txt"}


PACKAGES = [
    Package(
        name="htmx.org",
        version="2.0.11",
        licence="0BSD",
        integrity="sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        files={
            "dist/htmx.min.js": "vendor/htmx.min.js",
            "LICENSE": "vendor/LICENSE-htmx.txt",
        },
    ),
    Package(
        name="@fontsource-variable/ibm-plex-sans",
        version="5.3.0",
        licence="OFL-1.1",
        integrity="sha512-agG8tXFEo0hD9+J7npa4vbbWult52eMLVaQ6WQRlhs/iCAojrMAoejru85W9HTVXHfyUj96KM7gp/KGAS87XaQ==",
        files={
            "files/ibm-plex-sans-latin-wght-normal.woff2": "fonts/ibm-plex-sans-latin.woff2",
            "files/ibm-plex-sans-latin-ext-wght-normal.woff2": "fonts/ibm-plex-sans-latin-ext.woff2",
            "LICENSE": "fonts/LICENSE-ibm-plex-sans.txt",
        },
    ),
    Package(
        name="@fontsource/ibm-plex-sans-hebrew",
        version="5.3.0",
        licence="OFL-1.1",
        integrity="sha512-6sYM3VzG65AnG1jul3dl+H8eBWYfx6Rqzm7946VNBIXx/ArU1NR5ZKdFx80EDehVqdbPsLOpP1fjImQFjVMopg==",
        files=plex("hebrew"),
    ),
    Package(
        name="@fontsource/ibm-plex-sans-arabic",
        version="5.3.0",
        licence="OFL-1.1",
        integrity="sha512-ZZ4g+JDgQY0NqSh4o0MNWU1sHQmtcee1g++aKAwyJvZxnT5y51JXsN1cIXnaQaMd40dcbK6QFYa+Z1LbaiNuqA==",
        files=plex("arabic"),
    ),
    Package(
        name="lucide-static",
        version="1.62.0",
        licence="ISC",
        integrity="sha512-WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
        files={"LICENSE": "img/LICENSE-lucide.txt"},
    ),
]


def fetch(package: Package, *, folder: Path) -> Path:
    """Unpack a package below folder, after checking the archive against its pinned hash."""
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError("npm is needed to fetch vendored files; it is not on the PATH.")
    spec = f"{package.name}@{package.version}"
    packed = subprocess.run(  # noqa: S603  # the arguments are the constants above
        [npm, "pack", "--silent", spec], cwd=folder, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        raise VendorError(f"npm could not fetch {spec}: {packed.stderr.strip()}")
    archive = folder / packed.stdout.split()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise VendorError(f"{spec} is not the pinned archive: its hash is sha512-{digest}.")
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def sprite(icons: Path, *, names: Mapping[str, str]) -> str:
    """One SVG of symbols from single icons; names maps our name to Lucide's."""
    symbols = []
    for ours, theirs in sorted(names.items()):
        source = (icons / f"{theirs}.svg").read_text(encoding="utf-8")
        body = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
        if body is None:
            raise VendorError(f"The icon {theirs} has no drawing.")
        shapes = "".join(line.strip() for line in body[1].splitlines())
        symbols.append(f'<symbol id="{ours}" viewBox="0 0 24 24">{shapes}</symbol>')
    head = '<svg xmlns="http://www.w3.org/2000/svg"><!-- Lucide, ISC licence: LICENSE-lucide.txt -->'
    return "\n".join([head, *symbols, "</svg>"]) + "\n"


def icon_names() -> dict[str, str]:
    """Our icon names and Lucide's, from deploy/icons.txt."""
    lines = ICON_MAP.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {pair[0]: pair[-1] for pair in pairs}


def versions_table(rows: list[tuple[Package, str]]) -> str:
    """The Markdown list of what is vendored, one line a file."""
    lines = [
        "# Vendored files",
        "",
        "Written by `make vendor` (`deploy/vendor.py`); do not edit by hand. Paths are below `static/`.",
        "",
        "| file | npm package | version | licence | SHA-256 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for package, path in sorted(rows, key=lambda row: row[1]):
        digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()
        lines.append(f"| {path} | {package.name} | {package.version} | {package.licence} | {digest} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    rows: list[tuple[Package, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            unpacked = fetch(package, folder=Path(folder))
            for source, target in package.files.items():
                (STATIC / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(unpacked / source, STATIC / target)
                rows.append((package, target))
            if package.name == "lucide-static":
                drawing = sprite(unpacked / "icons", names=icon_names())
                (STATIC / "img/icons.svg").write_text(drawing, encoding="utf-8")
                rows.append((package, "img/icons.svg"))
    (STATIC / "vendor/VERSIONS.md").write_text(versions_table(rows), encoding="utf-8")
    sys.stdout.write(f"{len(rows)} files from {len(PACKAGES)} packages.\n")


if __name__ == "__main__":
    try:
        main()
    except VendorError as error:
        sys.exit(str(error))
