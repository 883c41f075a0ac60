"""Re-create web_overlay/vendor from npm, or check that it is what the manifest says.

    manifest.json ──npm pack──▶ tarball (sha512 = integrity?) ──▶ chosen files (sha512 each) ──▶ web_overlay/vendor/

The tree holds other people's work, so it is never edited: to change it, edit the manifest and run this. `--check`
needs neither npm nor a network: it compares the tree with the manifest, both ways, and a test does that on every run.
After raising a version in the manifest, `--accept` records the new hashes; read the diff before you commit it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import click

from actors.errors import BadInput, FramewireError

VENDOR = Path(__file__).resolve().parents[1] / "web_overlay" / "vendor"
MANIFEST = "manifest.json"


def sri(data: bytes) -> str:
    """Return the hash of `data` as npm and browsers write it: `sha512-` and base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def load(root: Path) -> dict[str, Any]:
    """Return the manifest of `root`."""
    manifest: dict[str, Any] = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def expected(manifest: dict[str, Any]) -> dict[str, str]:
    """Return every file that belongs in the tree, with its hash."""
    return {
        f"{package['folder']}/{to}": file["sha512"]
        for package in manifest["packages"]
        for to, file in package["files"].items()
    }


def faults(root: Path) -> list[str]:
    """Return what differs between the tree and its manifest, one line each; an empty list is a clean tree."""
    wanted = expected(load(root))
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {MANIFEST}
    found = [f"{name}: in the manifest, not in the tree" for name in sorted(wanted.keys() - present)]
    found += [f"{name}: in the tree, not in the manifest" for name in sorted(present - wanted.keys())]
    for name in sorted(present & wanted.keys()):
        got = sri((root / name).read_bytes())
        if got != wanted[name]:
            found.append(f"{name}: got {got[:24]}…, expected {wanted[name][:24]}…")
    return found


def fetch(package: dict[str, Any], folder: Path, accept: bool) -> dict[str, bytes]:
    """Return the chosen files of one package, fetched with npm and verified, and record their hashes if `accept`.

    Raises:
        BadInput: the tarball or a file is not what the manifest says, or lacks a file.
    """
    spec = f"{package['name']}@{package['version']}"
    npm = shutil.which("npm")
    if npm is None:
        raise BadInput("npm is not installed; only `--check` works without it")
    command = [npm, "pack", spec, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BadInput(f"npm pack {spec} failed: {done.stderr.strip()[-500:]}")
    tarball = folder / done.stdout.strip().splitlines()[-1]
    _verify(spec, package, "integrity", sri(tarball.read_bytes()), accept)
    files: dict[str, bytes] = {}
    with tarfile.open(tarball) as archive:
        for to, file in package["files"].items():
            try:
                member = archive.extractfile(f"package/{file['from']}")
            except KeyError:
                member = None
            if member is None:
                raise BadInput(f"{spec} has no file {file['from']!r}")
            files[to] = member.read()
            _verify(f"{spec} {file['from']}", file, "sha512", sri(files[to]), accept)
    return files


def _verify(what: str, entry: dict[str, Any], key: str, got: str, accept: bool) -> None:
    if accept:
        entry[key] = got
    elif entry.get(key) != got:
        raise BadInput(f"{what}: got {got}, expected {entry.get(key)} (`--accept` records a new version)")


def recreate(root: Path, accept: bool) -> int:
    """Write the tree anew; return the number of files. Nothing is touched unless every package verifies."""
    manifest = load(root)
    with tempfile.TemporaryDirectory() as name:
        trees = [(package, fetch(package, Path(name), accept)) for package in manifest["packages"]]
    for old in root.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    for package, files in trees:
        for to, data in files.items():
            path = root / package["folder"] / to
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (root / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return len(expected(manifest))


@click.command("vendor")
@click.option("--check", is_flag=True, help="Only compare the tree with the manifest; needs no network.")
@click.option("--accept", is_flag=True, help="Record the hashes of what npm delivers, after a version was raised.")
def command(check: bool, accept: bool) -> None:
    """Re-create web_overlay/vendor from npm and verify every hash."""
    if not check:
        try:
            count = recreate(VENDOR, accept)
        except FramewireError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"vendor: {count} files written and verified")
    found = faults(VENDOR)
    for line in found:
        click.echo(line, err=True)
    if check and not found:
        click.echo("vendor: the tree is what the manifest says")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    command()
