"""The files of web_overlay/: rules for modules, style sheets and vendored files, and the pure tests under Node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from actors.gateway.preload import PLACE, with_links
from tests.web.conftest import missing
from tests.web.gate import Gate
from tools import vendor

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web_overlay"
MODULES = sorted((WEB / "js").rglob("*.mjs"))
SHEETS = sorted((WEB / "css").rglob("*.css"))
LICENCES = {
    "CC-BY-3.0": "CC BY 3.0",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "ISC": "Permission to use, copy",
    "MIT": "Permission is hereby granted, free of charge",
    "OFL-1.1": "SIL OPEN FONT LICENSE",
}
CLIENT = "js/client.mjs"  # pages of a user's own load it (docs/client.md)
WORKER = "js/worker.mjs"  # the overlay loads it as a worker (js/uplink.mjs)
PAGES = {"overlay.html": "js/boot.mjs", "dashboard.html": "js/dashboard/app.mjs", "studio.html": "js/studio/app.mjs"}


def imports(module: Path) -> list[Path]:
    found = re.findall(r'^(?:import|\}) .*from "(\.[^"]+)";$', module.read_text(), re.M)
    return [(module.parent / name).resolve() for name in found]


def reached(entry: Path) -> set[Path]:
    seen: set[Path] = set()
    todo = [entry]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imports(module)
    return seen


def rules(sheet: Path) -> str:
    """Return a style sheet without its comments."""
    return re.sub(r"/\*[\s\S]*?\*/", "", sheet.read_text())


def test_the_vendored_files_are_those_of_the_manifest() -> None:
    assert vendor.faults(vendor.VENDOR) == []


def test_every_vendored_package_has_a_licence() -> None:
    for package in vendor.load(vendor.VENDOR):
        text = (vendor.VENDOR / package["folder"] / "LICENSE").read_text()
        assert LICENCES[package["license"]] in text


def test_the_locked_packages_are_those_of_the_manifest() -> None:
    locked = json.loads((vendor.PACKAGES / "package-lock.json").read_text())["packages"]
    for package in vendor.load(vendor.VENDOR):
        entry = locked[f"node_modules/{package['name']}"]
        assert entry["integrity"].startswith("sha512-")
        assert package["folder"].endswith(f"@{entry['version']}")
        assert package["license"] == entry["license"]


def test_a_changed_a_missing_and_an_unknown_file_are_found(tmp_path: Path) -> None:
    tree = tmp_path / "vendor"
    shutil.copytree(vendor.VENDOR, tree)
    (tree / "strange.js").write_text("")
    (tree / "msgpack@3.1.3" / "Decoder.mjs").write_text("changed")
    (tree / "msgpack@3.1.3" / "LICENSE").unlink()
    found = [fault.split(": ")[0] for fault in vendor.faults(tree)]
    assert found == ["msgpack@3.1.3/Decoder.mjs", "msgpack@3.1.3/LICENSE", "strange.js"]


def test_files_are_copied_from_packages_of_the_version_of_the_folder(tmp_path: Path) -> None:
    tree, source = tmp_path / "vendor", tmp_path / "modules" / "one"
    for folder in (tree / "old@1.0.0", source):
        folder.mkdir(parents=True)
    package = {"name": "one", "folder": "one@2.0.0", "files": {"LICENSE": {"from": "licence.txt"}}}
    (tree / vendor.MANIFEST).write_text(json.dumps({"packages": [package]}))
    (source / "licence.txt").write_text("free")
    (source / "package.json").write_text('{"version": "2.0.1"}')
    with pytest.raises(click.ClickException, match=r"the folder is one@2.0.0, the version 2.0.1"):
        vendor.recreate(tree, source.parent)
    (source / "package.json").write_text('{"version": "2.0.0"}')
    vendor.recreate(tree, source.parent)
    assert vendor.faults(tree) == []
    assert [path.name for path in tree.rglob("*") if path.is_file()] == [vendor.MANIFEST, "LICENSE"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_a_place_for_the_links_to_its_modules(page: str) -> None:
    text = with_links(WEB, (WEB / page).read_text())
    links = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', text)
    assert set(links) >= {path.relative_to(WEB).as_posix() for path in reached(WEB / PAGES[page])} - {PAGES[page]}
    assert text.index("modulepreload") < text.index("<script")


def test_the_pages_link_every_imported_module(tmp_path: Path) -> None:
    modules = {
        "js/main.mjs": 'import { a,\n  b } from "./a.mjs";\nimport("./late.mjs");\n// from "./comment.mjs"',
        "js/a.mjs": 'import*as t from"../lib/t.js";export{n}from"../lib/n.js";import d from "./b.mjs";',
        "js/b.mjs": 'export * from "./a.mjs"; /** @type {import("./type.mjs").T} */',
        "lib/t.js": "",
        "lib/n.js": 'import{$ as e}from"./t.js";',
    }
    for name, text in modules.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    page = f'<head>\n{PLACE}\n<script type="module" src="/static/js/main.mjs"></script>'
    found = re.findall(r'href="/static/([^"]+)">', with_links(tmp_path, page))
    assert found == ["js/a.mjs", "js/b.mjs", "lib/n.js", "lib/t.js"]


@pytest.mark.parametrize("path", ["/", "/overlay/"])
def test_a_browser_loads_no_module_that_has_no_link(browser: Any, gate: Gate, path: str) -> None:
    page = browser.new_page()
    page.goto(f"{gate.url}{path}", wait_until="load")
    loaded = page.evaluate(
        """() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)
            .filter((path) => /\\.m?js$/.test(path))"""
    )
    text = page.request.get(f"{gate.url}{path}").text()
    page.close()
    assert len(loaded) > 20
    assert set(loaded) - {f"/static/{WORKER}"} == set(
        re.findall(r'<(?:script [^>]*src|link rel="modulepreload" href)="([^"]+)"', text)
    )


def test_the_overlay_loads_every_style_sheet_after_the_layers() -> None:
    links = re.findall(r'<link rel="stylesheet" href="/static/css/([^"]+)">', (WEB / "overlay.html").read_text())
    widgets = sorted(f"widgets/{sheet.name}" for sheet in (WEB / "css" / "widgets").glob("*.css"))
    assert links == ["fonts.css", "tokens.css", "base.css", "setup.css", *widgets]
    assert rules(WEB / "css" / "tokens.css").lstrip().startswith("@layer reset, tokens, base, widgets, theme;")


def test_every_css_rule_of_the_overlay_is_in_a_layer() -> None:
    for sheet in SHEETS:
        if sheet.name in ("fonts.css", "dashboard.css", "studio.css"):
            continue
        depth = 0
        for line in rules(sheet).splitlines():
            assert depth > 0 or not line.strip() or line.startswith("@layer "), f"{sheet}: {line}"
            depth += line.count("{") - line.count("}")
        assert depth == 0, sheet


def test_only_tokens_have_colours_and_every_token_is_used() -> None:
    tokens = rules(WEB / "css" / "tokens.css")
    apart = ("tokens.css", "dashboard.css", "studio.css")
    others = "".join(rules(sheet) for sheet in SHEETS if sheet.name not in apart)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", others) == []
    defined = set(re.findall(r"(--fw-[\w-]+):", tokens))
    named = "".join(module.read_text() for module in MODULES)
    used = set(re.findall(r"var\((--fw-[\w-]+)\)", others + named))
    assert used - defined == set()
    used |= {f"--fw-{name}" for name in re.findall(r"\[data-([\w-]+)=", others)}  # words: attributes of the page
    used |= {f"--fw-{name}" for name in re.findall(r'(?:word|number)\("([\w-]+)"\)', named)}  # js/theme.mjs
    families = {name for name in defined if name.startswith(("--fw-team-", "--fw-other-"))}  # core/color.mjs
    assert defined - used - families == set()


def test_every_module_is_used_by_a_page_or_has_only_types() -> None:
    used = {path for entry in (*PAGES.values(), CLIENT, WORKER) for path in reached(WEB / entry)}
    assert [path.name for path in MODULES if path not in used] == ["types.mjs"]


def test_every_module_is_type_checked_short_and_described() -> None:
    for module in MODULES:
        lines = module.read_text().splitlines()
        assert lines[0] == "// @ts-check", module
        assert len(lines) <= 150, f"{module} has {len(lines)} lines"
        assert lines[1].startswith(("//", "/**")), f"{module} does not say what it is"


def test_no_code_writes_html_or_inline_script() -> None:
    door = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\("
        r"|new Function"
    )
    for module in MODULES:
        code = re.sub(r"//.*|/\*[\s\S]*?\*/", "", module.read_text())
        assert not door.search(code), module
    for page in PAGES:
        text = (WEB / page).read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"\son\w+=", text)


def test_no_code_uses_what_obs_offers_to_a_page() -> None:
    """The overlay works with the permission "No access"; only whether OBS shows the page is asked."""
    for module in MODULES:
        code = re.sub(r"//.*|/\*[\s\S]*?\*/", "", module.read_text())
        assert not re.search(r"obsstudio(?!\" in globalThis)", code), module


def test_the_styles_are_for_chromium_103() -> None:
    too_new = re.compile(
        r":has\(|@container|color-mix|oklch|@scope|@starting-style|linear\([\d.]+,|backdrop-filter|light-dark"
    )
    for sheet in SHEETS:
        text = rules(sheet)
        assert not too_new.search(text), sheet
        assert not re.search(r"^\s*&", text, re.M), f"{sheet} nests"
    code = "".join(module.read_text() for module in MODULES)
    for call in ("withResolvers", ".toSorted(", ".toReversed(", "Object.groupBy", "Promise.try", "Set.prototype.union"):
        assert call not in code


def test_pure_modules_use_no_browser_global() -> None:
    """core/ is pure but for its defaults: it runs under Node, and time comes in."""
    for module in (WEB / "js" / "core").glob("*.mjs"):
        code = re.sub(r"//.*|/\*[\s\S]*?\*/", "", module.read_text())
        assert not re.search(r"\bdocument\b|\bwindow\b|localStorage|Date\.now|Math\.random", code), module


def test_the_pure_modules_pass_under_node() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    tests = sorted(str(path) for path in (ROOT / "tests" / "web").glob("*.test.mjs"))
    done = subprocess.run([str(node), "--test", *tests], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_types_of_the_overlay_are_valid() -> None:
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    node = shutil.which("node")
    if node is None or not compiler.exists():
        missing("typescript (npm install)")
    done = subprocess.run(
        [str(node), str(compiler), "-p", "jsconfig.json"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
