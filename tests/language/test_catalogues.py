import re

import pytest

from servery.language import extract
from servery.language.words import LANGUAGES, words

PLACE = re.compile(r"{\w+}")
TRANSLATED = LANGUAGES[1:]


def forms(text) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def key(message):
    return message.id if isinstance(message.id, str) else message.id[0]


@pytest.fixture(scope="module")
def template():
    return extract.said()


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_holds_exactly_what_is_said(language, template):
    held = {(key(each), each.context) for each in extract.read(language)}
    said = {(key(each), each.context) for each in template}
    hint = "run: python -m servery.language.extract"
    assert said - held == set(), f"not in the {language} catalogue; {hint}"
    assert held - said == set(), f"no longer said; {hint}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language):
    catalogue = extract.read(language)
    every = [each for each in catalogue if each.id]
    assert [each.id for each in every if not extract.is_translated(each.string) or each.fuzzy] == []
    assert [
        each.id for each in every if isinstance(each.id, tuple) and len(forms(each.string)) != catalogue.num_plurals
    ] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_places(language):
    for message in extract.read(language):
        if not message.id:
            continue
        of_one, wanted = (set(PLACE.findall(forms(message.id)[place])) for place in (0, -1))
        *singular, last = (set(PLACE.findall(each)) for each in forms(message.string))
        assert last == wanted, message.id
        # "Den seneste måned", "im letzten Monat": of one the number need not be said.
        assert all(of_one - {"{n}"} <= places <= of_one for places in singular), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_is_as_the_script_writes_it(language, template, tmp_path, monkeypatch):
    committed = extract.catalogue_path(language).read_bytes()
    path = tmp_path / "messages.po"
    path.write_bytes(committed)
    monkeypatch.setattr(extract, "catalogue_path", lambda _: path)
    assert extract.update(language, template) == 0
    assert path.read_bytes() == committed, "run: python -m servery.language.extract"


def test_messages_of_python_templates_and_errors_are_found(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.html").write_text("{% if x %}{{ _('Hello {name}', name=x) }}{% endif %}")
    (tmp_path / "web" / "views.py").write_text(
        "ngettext('one', 'many', n)\npgettext('verb', 'book')\nraise Refuse('No {x}.', mend='Ask.', x=1)\n"
    )
    found = {(each.id, each.context) for each in extract.said(tmp_path) if each.id}
    assert found == {
        ("Hello {name}", None),
        (("one", "many"), None),
        ("book", "verb"),
        ("No {x}.", None),
        ("Ask.", None),
    }


def test_plural_and_places():
    danish = words("da")
    assert danish.ngettext("{n} cover", "{n} covers", 1) == "1 kuvert"
    assert danish.ngettext("{n} cover", "{n} covers", 0) == "0 kuverter"
    assert danish.gettext("table {table}", table="{7}") == "bord {7}"


def test_message_that_no_catalogue_knows_stays_english():
    assert words("de").gettext("Quite unheard of") == "Quite unheard of"


def test_connectors_own_catalogue_joins(tmp_path):
    folder = tmp_path / "da" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid "Access token"\nmsgstr "Adgangsnøgle"\n')
    assert words("da", tmp_path).gettext("Access token") == "Adgangsnøgle"
    assert words("da", tmp_path).gettext("Tonight") == "I aften"
    assert words("en", tmp_path).gettext("Access token") == "Access token"
