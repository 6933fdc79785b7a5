"""E-mail addresses in a list of people: what is made of a name says the name once more, and nothing else."""

import duckdb
import pytest

from servery.guests.matching.comparisons import LISTED
from servery.guests.matching.sheet import Row, sheet

EMAIL = next(each for each in LISTED if each.name == "email")


def row(name: str, email: str) -> Row:
    (made,) = sheet(
        [{"name": name, "email": email}], {"guest_name": "name", "guest_email": "email"}, (), lambda _: None
    ).rows
    return made


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (("Ida Holm", "ida.holm17@x.dk"), ("Ida Holm", "ida.holm17@x.dk"), "same"),
        (("Ida Holm", "ida.holm17@x.dk"), ("Ida Holm", "ida.holm17@y.dk"), "mailbox"),
        (("Ida Holm", "ida.holm17@x.dk"), ("Ida Holm", "ida.holm18@x.dk"), "of the name"),
        # As the letters of a name are written where there are none such.
        (("Søren Åen", "soeren.aaen4@x.dk"), ("Søren Åen", "soeren.aaen5@x.dk"), "of the name"),
        (("Ida Holm", "bluebird7@x.dk"), ("Ida Holm", "bluebrd7@x.dk"), "slip"),
        (("Ida Holm", "ida.holm17@x.dk"), ("Ida Holm", "ida.hlm71@x.dk"), None),
        (("Ida Holm", "ida.holm17@x.dk"), ("Ida Holm", "sunny@x.dk"), "other"),
    ],
)
def test_what_two_addresses_say(one: tuple[str, str], other: tuple[str, str], level: str | None):
    left, right = row(*one), row(*other)
    found = EMAIL.found(left, right)
    assert (found and found.name) == level
    assert in_sql(left, right) == level


def in_sql(left: Row, right: Row) -> str | None:
    """The level as a run reads it."""
    columns = ("email", "email_local", "email_of_name")
    said = {f"{column}_{side}": each[column] for side, each in (("l", left), ("r", right)) for column in columns}
    given = ", ".join(f"${name}::varchar as {name}" for name in said)
    levels = " ".join(f"when {each.condition.sql} then '{each.name}'" for each in EMAIL.levels if each.condition)
    with duckdb.connect() as db:
        ((level,),) = db.execute(
            f"select case when {EMAIL.lacking.sql} then null {levels} else 'other' end from (select {given})", said
        ).fetchall()
    return None if level is None else str(level)
