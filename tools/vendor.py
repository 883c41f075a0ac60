"""Copy the files of web_overlay/vendor from their npm packages, or check that they are those of the manifest.

    tools/vendored/package-lock.json ──npm ci──▶ node_modules ──chosen files──▶ web_overlay/vendor/

npm verifies the integrity of each package. The manifest has the licence of each package and the checksum of each file;
`--check` compares the files with it, without npm and network, and a test does so on every run. The files are never
edited. To raise a version: `npm install --prefix tools/vendored NAME@VERSION`, the folder in the manifest and in the
imports, `python -m tools.vendor`, and read the diff.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import click

VENDOR: Final = Path(__file__).resolve().parents[1] / "web_overlay" / "vendor"
PACKAGES: Final = Path(__file__).with_name("vendored")
MANIFEST: Final = "manifest.json"


def sri(data: bytes) -> str:
    """Return the hash of `data` as npm and browsers write it: `sha512-` and base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def load(root: Path) -> list[dict[str, Any]]:
    """Return the packages of the manifest."""
    packages: list[dict[str, Any]] = json.loads((root / MANIFEST).read_text(encoding="utf-8"))["packages"]
    return packages


def faults(root: Path) -> list[str]:
    """Return the files that differ between the folder and its manifest, one line each."""
    wanted = {f"{one['folder']}/{to}": file["sha512"] for one in load(root) for to, file in one["files"].items()}
    present = {path.relative_to(root).as_posix(): sri(path.read_bytes()) for path in root.rglob("*") if path.is_file()}
    del present[MANIFEST]
    return [
        f"{name}: got {present.get(name, 'no file')}, expected {wanted.get(name, 'no file')}"
        for name in sorted(wanted.keys() | present.keys())
        if wanted.get(name) != present.get(name)
    ]


def recreate(root: Path, modules: Path) -> None:
    """Copy the files of all packages from `modules`, and write their checksums into the manifest."""
    packages = load(root)
    for old in root.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    for package in packages:
        source = modules / package["name"]
        version = json.loads((source / "package.json").read_text(encoding="utf-8"))["version"]
        if not package["folder"].endswith(f"@{version}"):
            raise click.ClickException(f"the folder is {package['folder']}, the version {version}")
        for to, file in package["files"].items():
            data = (source / file["from"]).read_bytes()
            file["sha512"] = sri(data)
            path = root / package["folder"] / to
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (root / MANIFEST).write_text(json.dumps({"packages": packages}, indent=2) + "\n", encoding="utf-8")


@click.command("vendor")
@click.option("--check", is_flag=True, help="Only compare the files with the manifest; needs no network.")
def command(check: bool) -> None:
    """Copy web_overlay/vendor from npm, and compare it with its manifest."""
    if not check:
        npm = shutil.which("npm")
        if npm is None:
            raise click.ClickException("npm is not installed; `--check` works without it")
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"], cwd=PACKAGES, check=True)
        recreate(VENDOR, PACKAGES / "node_modules")
    found = faults(VENDOR)
    for line in found:
        click.echo(line, err=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    command()
