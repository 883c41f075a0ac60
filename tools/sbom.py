"""Write the software bill of materials: every package that runs in Framewire, as CycloneDX JSON.

    python -m tools.sbom [FILE]        dist/framewire.cdx.json; `make wheel` writes it beside the wheel

It has the Python packages of requirements.lock with the hashes of their files, and the packages of web_overlay/vendor
with their licences. Equal lock files give an equal document.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from actors import __version__
from tools import vendor

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.lock"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: *; *([^\\]+?))? *\\?$")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def python_packages(lock: str) -> list[dict[str, Any]]:
    """Return the packages of a lock file in their order."""
    found: list[dict[str, Any]] = []
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            found.append(_component(pin[1], pin[2], f"pkg:pypi/{pin[1].lower()}@{pin[2]}"))
            if pin[3]:
                found[-1]["properties"] = [{"name": "python:marker", "value": pin[3]}]
        elif file := _HASH.search(line):
            reference = {"type": "distribution", "url": f"https://pypi.org/project/{found[-1]['name']}/"}
            found[-1].setdefault("externalReferences", []).append(
                reference | {"hashes": [{"alg": "SHA-256", "content": file[1]}]}
            )
    return found


def web_packages(packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the packages of the manifest of web_overlay/vendor."""
    found = []
    for package in packages:
        version = package["folder"].rpartition("@")[2]
        one = _component(package["name"], version, f"pkg:npm/{quote(package['name'], safe='/')}@{version}")
        found.append(one | {"licenses": [{"license": {"id": package["license"]}}]})
    return found


def document() -> dict[str, Any]:
    """Return the whole bill."""
    product = _component("framewire", __version__, f"pkg:pypi/framewire@{__version__}", "application")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": [*python_packages(LOCK.read_text(encoding="utf-8")), *web_packages(vendor.load(vendor.VENDOR))],
    }


def _component(name: str, version: str, purl: str, kind: str = "library") -> dict[str, Any]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


@click.command()
@click.argument("file", default=ROOT / "dist" / "framewire.cdx.json", type=click.Path(dir_okay=False, path_type=Path))
def main(file: Path) -> None:
    """Write the bill to FILE."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
