"""The wheel, as pipx installs it: built, installed into a new environment, started in an empty directory.

The environment uses the libraries of the environment that runs the tests, so no package is downloaded.
"""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from packaging.requirements import Requirement

from bench.ports import free_ports
from tests.support import SLOWNESS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = configparser.ConfigParser()
PROJECT.read(ROOT / "setup.cfg")


class Installed:
    """An environment with the wheel, an empty current directory and an empty home."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.venv, self.home, self.here = folder / "venv", folder / "home", folder / "here"
        self.home.mkdir()
        self.here.mkdir()
        venv.create(self.venv, with_pip=False, symlinks=True)
        python = self.venv / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        command = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
        subprocess.run(command, check=True, timeout=60 * SLOWNESS)
        (self.package,) = self.venv.glob("lib/*/site-packages/actors")
        (self.package.parent / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `framewire ARGUMENTS`, knowing nothing of the checkout."""
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        command = [str(self.venv / "bin" / "framewire"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60 * SLOWNESS, check=False, cwd=self.here, env=environment
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the source archive and the wheel that was built from it."""
    missing = [name for name in ("build", "setuptools", "pip") if importlib.util.find_spec(name) is None]
    if missing:
        if os.environ.get("CI"):
            pytest.fail(f"{missing} are missing, and on CI nothing may be skipped")
        pytest.skip(f"{missing} are missing")
    folder, tree = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("tree") / "framewire"
    # A copy, because setuptools writes into the tree that it builds.
    names = (".git", ".venv", ".hypothesis", ".*_cache", "node_modules", "run", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*names))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * SLOWNESS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    (wheel,) = built.glob("*.whl")
    installed = Installed(tmp_path_factory.mktemp("fw"), wheel)
    yield installed
    installed.command("stop")


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10 * SLOWNESS) as response:
        data: bytes = response.read()
        return data


def test_an_installed_framewire_runs_from_an_empty_directory(installed: Installed) -> None:
    gateway, ingest = free_ports(2)
    ports = ["--set", f"gateway.port={gateway}", "--set", f"ingest.port={ingest}", "--set", "demo=false"]
    started = installed.command("start", "--detach", "--json", *ports)
    assert started.returncode == 0, started.stderr
    ready = json.loads(started.stdout)
    assert ready["run_dir"] == str(installed.home / ".local" / "state" / "framewire")
    for page in (ready["overlay"], ready["dashboard"]):
        text = fetched(page).decode()
        assert "<title>" in text
        links = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        assert links
        assert all(fetched(urljoin(page, link)) for link in links)
    assert installed.command("emit", "kill").stdout.startswith("accepted ")
    status = installed.command("status")
    assert status.stdout.startswith("running, ")
    assert installed.command("stop").returncode == 0
    gone = installed.command("status")
    assert (gone.returncode, "no pipeline is running" in gone.stderr) == (3, True)
    assert list(installed.here.iterdir()) == []


def test_an_installed_framewire_names_itself_and_its_own_files(installed: Installed) -> None:
    assert installed.command("--version").stdout == f"framewire, version {version()}\n"
    assert installed.command("--help").stdout.startswith("Usage: framewire ")
    assert "framewire completion bash" in installed.command("completion", "--help").stdout
    unit = installed.command("service", "show").stdout
    assert f"ExecStart=:{installed.venv}/bin/python -P -m actors.entry start " in unit
    page = re.search(r"^Documentation=file://(.+)$", unit, re.M)
    assert page is not None
    assert Path(page[1]).is_file()
    wrong = installed.command("start", "--set", "gatewy.port=1").stderr
    named = re.search(r"(/\S+/configuration\.md) lists all keys", wrong)
    assert named is not None
    assert Path(named[1]).is_file()


def test_the_wheel_has_all_files_of_the_checkout_and_every_licence(installed: Installed) -> None:
    for folder in ("configs", "docs", "web_overlay"):
        here, there = ({path.relative_to(root / folder) for path in (root / folder).rglob("*") if path.is_file()}
                       for root in (ROOT, installed.package / "share"))  # fmt: skip
        assert here == there
    (metadata,) = installed.package.parent.glob("framewire-*.dist-info")
    licences = {path.relative_to(metadata / "licenses") for path in (metadata / "licenses").rglob("LICENSE")}
    vendored = {path.relative_to(ROOT) for path in (ROOT / "web_overlay" / "vendor").glob("*/LICENSE")}
    assert licences == {Path("LICENSE")} | vendored


def test_the_source_archive_has_all_files_for_make_test(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"Makefile", "LICENSE", "supervisor.py", "requirements-dev.lock", "tests/test_wheel.py"} <= names


def version() -> str:
    from actors import __version__

    return __version__


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["options"]["install_requires"]),
        ("requirements-dev.lock", PROJECT["options"]["install_requires"]),
        ("requirements-dev.lock", PROJECT["options.extras_require"]["dev"]),
        ("requirements-audit.lock", PROJECT["options.extras_require"]["audit"]),
    ],
)
def test_the_lock_files_match_the_requirements(lock: str, wanted: str) -> None:
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.M))
    for requirement in map(Requirement, wanted.split()):
        version = found.get(requirement.name.lower().replace("_", "-"))
        assert version is not None, f"{requirement.name} is not in {lock}: make lock"
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: make lock"
