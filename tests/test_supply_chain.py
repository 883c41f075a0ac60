"""What is shipped: the bill of materials names every package, and no file of the repository has a secret."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import sbom, vendor

ROOT = Path(__file__).resolve().parents[1]
# Forms of secrets that platforms give out; each is long enough that no word or example of a page has it.
SECRETS = re.compile(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----[\r\n]+[A-Za-z0-9+/=]{20}"
    rb"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{60}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[0-9]{10}"
    rb"|\bsk_live_[A-Za-z0-9]{24}|\bAIza[0-9A-Za-z_-]{35}|\bGOCSPX-[A-Za-z0-9_-]{28}|\boauth:[a-z0-9]{30}\b"
    rb"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"
)

# Keys of servers on the loopback, which have no use outside of these tests.
OF_TESTS = {"tests/sources/test_lol.py", "tests/sources/test_tls.py"}


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_has_a_secret() -> None:
    found = {str(file.relative_to(ROOT)) for file in files() if file.is_file() and SECRETS.search(file.read_bytes())}
    assert found == OF_TESTS


@pytest.mark.parametrize("text", [
    b"token = ghp_" + b"a" * 36, b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64, b"oauth:" + b"a" * 30,
    b"eyJ" + b"a" * 30 + b".eyJ" + b"b" * 30 + b"." + b"c" * 30,
])  # fmt: skip
def test_a_secret_is_found(text: bytes) -> None:
    assert SECRETS.search(b"x = " + text)


def test_the_bill_of_materials_has_every_package_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock, re.MULTILINE)
    components = sbom.document()["components"]
    assert pinned
    assert [(one["name"], one["version"]) for one in components][: len(pinned)] == pinned
    hashes = [file["hashes"][0]["content"] for one in components for file in one.get("externalReferences", ())]
    assert hashes == re.findall(r"sha256:([0-9a-f]{64})", lock)
    assert {one["name"] for one in components[len(pinned) :]} == {one["name"] for one in vendor.load(vendor.VENDOR)}
    assert len({one["bom-ref"] for one in components}) == len(components)


def test_make_says_that_it_installs_before_it_does(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho pip is called\nexit 1\n")
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"VENV={tmp_path}", f"{tmp_path}/.runtime"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")},
    )
    assert done.stdout.splitlines()[:2] == [f"installing into {tmp_path} …", "pip is called"]
