"""What the reference says is what the code does: tables in documents beside the data that they tell of."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from servery.connectors.csv.mapping import Options
from servery.connectors.csv.words import fields
from servery.model.viewer import RIGHTS, ROLES
from servery.profile.rights import FIELDS
from servery.visits import match
from tests.docs.conftest import DOCS, ROOT, pages, quoted, rows, sections

REFERENCE = DOCS / "reference"
VARIABLE = re.compile(r"SERVERY_[A-Z_]+")


def test_every_variable_of_the_environment_is_told_and_no_other():
    used = {name for file in (ROOT / "src").rglob("*.py") for name in VARIABLE.findall(file.read_text())}
    table = rows((REFERENCE / "environment.md").read_text().partition("## ")[0])
    assert {row[0].strip("`") for row in table} == used


def test_the_table_of_roles_is_what_they_may_do():
    head, *_ = [line for line in (REFERENCE / "roles.md").read_text().splitlines() if line.startswith("| right |")]
    roles = [cell.strip() for cell in head.strip("|").split("|")][1:]
    assert set(roles) == set(ROLES)
    table = rows((REFERENCE / "roles.md").read_text().partition("## ")[0])
    told = {role: {row[0].strip("`") for row in table if row[place] == "yes"} for place, role in enumerate(roles, 1)}
    assert told == {role: set(rights) for role, rights in RIGHTS.items()}


def test_the_fields_that_need_a_right_are_told():
    text = sections(REFERENCE / "roles.md")["What of a guest needs which right"]
    assert {row[0].strip("`"): quoted(row[1]) for row in rows(text)} == {name: set(of) for name, of in FIELDS.items()}


def test_every_field_of_a_file_is_told_with_a_header_that_is_understood():
    texts = sections(REFERENCE / "files.md")
    person = {row[0].strip("`"): row[1] for row in rows(texts["The guest on an order or a reservation"])}
    for kind in ("orders", "reservations", "guests", "menu"):
        told = {row[0].strip("`"): row[1] for row in rows(texts[kind.capitalize()])}
        told |= person if kind != "menu" else {}
        known = fields(kind)
        assert set(told) == set(known)
        assert [
            name for name, header in told.items() if header.casefold().replace("-", " ") not in known[name].words
        ] == []


def test_every_option_of_a_map_is_told():
    told = {row[0].strip("`") for row in rows(sections(REFERENCE / "files.md")["Options of a map"])}
    assert told == set(Options.__struct_fields__)


@pytest.mark.parametrize("page", [page for page in pages() if "```toml\n[columns]" in page.read_text()], ids=str)
def test_a_map_that_is_shown_can_be_read(page: Path):
    shown = re.findall(r"```toml\n(\[columns\].*?)```", page.read_text(), re.DOTALL)
    options = [tomllib.loads(text).get("options", {}) for text in shown]
    assert [msgspec.convert(one, Options) for one in options]


def test_the_weights_of_evidence_are_those_that_count():
    page = (DOCS / "explanation" / "matching.md").read_text()
    told = [float(row[1].replace("−", "-")) for row in rows(page.partition("## How well")[0]) if "from" not in row[1]]
    names = "TABLE_SAME TABLE_OTHER GUEST_SAME GUEST_OTHER NAME_SAME NAME_OTHER COVERS_SAME COVERS_OTHER".split()
    assert told == [getattr(match, f"_{name}") for name in names]
    figures = {float(one.replace("−", "-")) for one in re.findall(r"[+−]?\d+(?:\.\d+)?", page)}
    rest = "_PRIOR _TIME_BEST _TIME_AT_EDGE _TIME_WORST _BEFORE_SEATED JOINED_AT WORTH_ASKING CLEAR".split()
    assert {name for name in rest if getattr(match, name) not in figures} == set()
    assert {float(match.Rules().before), float(match.Rules().after)} <= figures


def test_every_dependency_has_its_reason_and_no_other_is_told():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[><=]", one)[0] for one in project["dependencies"]}
    told = {row[0] for row in rows(sections(ROOT / "ARCHITECTURE.md")["Dependencies"])}
    assert told == names
    testing = {re.split(r"[\[><=]", one)[0] for one in project["optional-dependencies"]["test"]}
    assert testing <= quoted(sections(ROOT / "ARCHITECTURE.md")["Dependencies"])


def test_the_map_names_every_room():
    text = sections(ROOT / "ARCHITECTURE.md")["The map"]
    rooms = {folder.name for folder in (ROOT / "src" / "servery").iterdir() if (folder / "__init__.py").exists()}
    assert set(re.findall(r"^  (\w+)/ ", text, re.MULTILINE)) == rooms


def test_every_file_that_the_documents_name_exists():
    for page in (ROOT / "ARCHITECTURE.md", *DOCS.rglob("*.md")):
        named = {one for one in quoted(page.read_text()) if re.fullmatch(r"[a-z_]+(/[a-z_]+)+\.(py|toml|sql)", one)}
        missing = [one for one in named if not (ROOT / "src" / "servery" / one).exists()]
        assert missing == [], page


def test_every_anchor_leads_to_a_heading():
    for page in pages():
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            text = ((page.parent / target) if target else page).read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}, page
