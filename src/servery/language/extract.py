"""Keeps the catalogues in step with the source: `python -m servery.language.extract`.

New messages come into each catalogue untranslated, those no longer said leave it. Nothing else is touched.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from servery import errors
from servery.language.words import LANGUAGES

SOURCE = Path(__file__).parents[1]
"""The folder of the package, in a checkout."""

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_METHODS = [("**/catalogues/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
# What these say when they refuse or fail, a page shows; the rest speaks on the command line.
_SHOWN = (
    "accounts/passwords.py",
    "accounts/sign_in.py",
    "accounts/vault.py",
    "app/arrivals.py",
    "app/authorise.py",
    "app/comparing.py",
    "app/connect.py",
    "app/elsewhere.py",
    "app/erasing.py",
    "app/credentials.py",
    "app/guarded.py",
    "app/hearing.py",
    "app/hooks.py",
    "app/incoming.py",
    "app/merging.py",
    "app/over_all.py",
    "app/own_files.py",
    "app/people_file.py",
    "app/scheduled.py",
    "app/set_up/*.py",
    "app/sources.py",
    "app/surviving.py",
    "app/telling.py",
    "app/tokens.py",
    "connectors/spoken.py",
    "connectors/standard_webhooks.py",
    "guests/*.py",
    "guests/hygiene/*.py",
    "guests/matching/*.py",
    "guests/tagging/*.py",
    "health/*.py",
    "inbox/events.py",
    "inbox/replay.py",
    "privacy/*.py",
    "profile/*.py",
    "sync/connections.py",
    "sync/pace.py",
    "sync/tables.py",
    "sync/understanding.py",
    "venues/rows.py",
    "visits/*.py",
    "web/**/*.py",
)
_ERRORS = {
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.ServeryError)
}


def said(folder: Path = SOURCE) -> Catalog:
    """Every message that the Python and the templates under a folder say, with the files that say it."""
    catalogue = Catalog(project="servery")
    found = extract_from_dir(folder, method_map=_METHODS, keywords=_KEYWORDS, strip_comment_tags=True)
    for name, _line, message, comments, context in found:
        catalogue.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    for path in sorted(path for pattern in _SHOWN for path in folder.glob(pattern)):
        for message in refusals(path.read_text("utf-8")):
            catalogue.add(message, None, [(str(path.relative_to(folder)), 0)])
    return catalogue


def refusals(source: str) -> Iterator[str]:
    """The templates and the advice of the errors that a module raises."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERRORS:
            texts = node.args[:1] + [each.value for each in node.keywords if each.arg == "mend"]
            yield from (text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str))


def catalogue_path(language: str) -> Path:
    """Where the catalogue of a language lies in a checkout."""
    return SOURCE / "language" / "catalogues" / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """A language's catalogue as committed; empty where there is none yet."""
    path = catalogue_path(language)
    if not path.is_file():
        return Catalog(locale=language, project="servery")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, template: Catalog) -> int:
    """Write a language's catalogue so that it holds exactly the template's messages; how many lack a translation."""
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    _settle_header(catalogue)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, include_lineno=False, omit_header=False, sort_output=True)
    return sum(1 for message in catalogue if message.id and not is_translated(message.string))


def _settle_header(catalogue: Catalog) -> None:
    # The header's dates and names are the history's to tell: without them two runs write the same file.
    catalogue.fuzzy = False
    catalogue.header_comment = "# Servery's messages. Kept in step with the source by servery.language.extract."
    catalogue.version = ""
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "Servery"
    catalogue.creation_date = catalogue.revision_date = _NO_DATE


def is_translated(string: object) -> bool:
    """Whether a message has a translation, in every plural form."""
    return all(string) if isinstance(string, list | tuple) else bool(string)


def main() -> None:
    """Update every catalogue and say what is left to translate."""
    template = said()
    for language in LANGUAGES[1:]:
        sys.stderr.write(f"{language}: {update(language, template)} of {len(template)} messages to translate\n")


if __name__ == "__main__":
    main()
