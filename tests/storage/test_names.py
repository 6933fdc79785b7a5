"""Names sort as their readers expect and are found however they are spelt, alike on both servers."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.storage.names import fold, query_keys, search_keys, sort_key

_SORTED = {
    "da": ["Adam", "Andersen", "Müller", "Zoffmann", "Ærø", "Østergaard", "Åberg", "Aaberg", "Ågård"],
    "de": ["Mufler", "Muller", "Müller", "Mzik", "Oz", "Öz", "Pohl", "Strasse", "Straße"],
    "es": ["Nunez", "Núñez", "Nuza", "Nz", "Ñu", "Oa"],
}
_SAME = [
    ("Jørgensen", "Jörgensen", "Joergensen", "Jorgensen", "JØRGENSEN"),
    ("Müller", "Mueller", "Muller"),
    ("Aagaard", "Ågård", "Ågaard", "A\u030aga\u030ard"),
    ("Sæther", "Säther", "Saether"),
    ("Strauß", "Strauss", "STRAUẞ"),
    ("Núñez", "Nunez", "nuñez"),
]


@pytest.mark.parametrize("locale", _SORTED)
def test_both_servers_sort_as_the_reader_expects(bare_database: str, locale: str) -> None:
    with psycopg.connect(bare_database) as connection:
        connection.execute("CREATE TABLE guest (name text, sort bytea)")
        for name in sorted(_SORTED[locale]):
            connection.execute("INSERT INTO guest VALUES (%s, %s)", (name, sort_key(name, locale)))
        rows = connection.execute("SELECT name FROM guest ORDER BY sort").fetchall()
    assert [name for (name,) in rows] == _SORTED[locale]


@pytest.mark.parametrize("spellings", _SAME)
def test_each_spelling_finds_all_the_others(spellings: tuple[str, ...]) -> None:
    assert len({fold(name) for name in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Jensen", "Hansen"), ("Bo", "Ib"), ("Moller", "Muller")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_the_beginning_of_a_plain_name_finds_the_name(text: str, length: int) -> None:
    name = fold(text)
    assert set(query_keys(name[:length])) <= set(search_keys(name))


def test_both_servers_find_names_by_their_beginning(bare_database: str) -> None:
    with psycopg.connect(bare_database) as connection:
        _keep(connection, "Søren Kjærgaard", "Soeren Kjaergaard", "Kirsten Holm", "Sofie Jensen")
        found = connection.execute(
            "SELECT name FROM guest WHERE keys @> %s ORDER BY name", (query_keys("kjær sor"),)
        ).fetchall()
    assert [name for (name,) in found] == ["Soeren Kjaergaard", "Søren Kjærgaard"]


def test_both_servers_find_names_with_a_typing_error(bare_database: str) -> None:
    with psycopg.connect(bare_database) as connection:
        _keep(connection, "Christensen", "Larsen", "Bo Ibsen")
        found = connection.execute("SELECT name FROM guest WHERE keys && %s", (query_keys("Chirstensen"),)).fetchall()
    assert ("Christensen",) in found


def _keep(connection: psycopg.Connection, *names: str) -> None:
    connection.execute("CREATE TABLE guest (name text, keys text[])")
    connection.execute("CREATE INDEX ON guest USING gin (keys)")
    connection.execute("SET enable_seqscan = off")
    for name in names:
        connection.execute("INSERT INTO guest VALUES (%s, %s)", (name, search_keys(name)))


def test_a_text_without_letters_has_no_keys() -> None:
    assert search_keys(" -- ") == query_keys("!") == []
