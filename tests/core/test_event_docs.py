"""The generated pages are current, complete, and agree with the taxonomy."""

import json
import re

import pytest

from actors import program
from actors.core.contract.event import Event, Submission
from actors.core.contract.taxonomy import TAXONOMY
from tools import docs


def test_the_committed_pages_are_current():
    assert docs.stale(program.ROOT) == [], "run python -m tools.docs"


def test_no_documented_command_has_a_token_among_its_arguments():
    """Other users of the machine can read the arguments of a program."""
    pages = [program.ROOT / "README.md", *(program.ROOT / "docs").rglob("*.md")]
    shown = [line for page in pages for line in page.read_text().splitlines()]
    assert [line for line in shown if re.search(r"curl\b.*(token show|/TOKEN)", line) and " -K -" not in line] == []


def test_check_reports_a_stale_page(tmp_path):
    assert docs.stale(tmp_path) == list(docs.pages())


def test_a_wrong_argument_is_refused(capsys):
    assert docs.main(["--chek"]) == 2
    assert "--chek" in capsys.readouterr().err


def test_every_type_has_its_section_and_every_link_its_heading():
    page = docs.markdown()
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", page, re.M)}
    assert headings >= set(TAXONOMY)
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= headings


def test_every_reference_of_the_schema_is_defined():
    schema = docs.schema()
    assert set(re.findall(r"#/\$defs/(\w+)", json.dumps(schema))) == set(schema["$defs"])


@pytest.mark.parametrize("struct", [Event, Submission])
def test_the_schema_has_the_names_that_json_carries(struct):
    schema = docs.schema()["$defs"][struct.__name__]
    assert list(schema["properties"]) == list(struct.__struct_fields__)
    assert schema["properties"]["type"]["enum"] == list(TAXONOMY)
    assert [rule["if"]["properties"]["type"]["const"] for rule in schema["allOf"]] == list(TAXONOMY)
