import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from servery.accounts.keys import is_key
from servery.accounts.vault import open_vault, seal, unseal
from servery.cli import people
from servery.errors import Invalid, NeedsPerson, NotFound, Refuse
from servery.storage.pool import connect

HANNA = ["hanna@example.com", "--name", "Hanna Holm", "--role", "host"]


@pytest.fixture
def servery(database, tmp_path, monkeypatch):
    monkeypatch.setenv("SERVERY_DATABASE_URL", database)
    monkeypatch.setenv("SERVERY_HOME", str(tmp_path))
    monkeypatch.setenv("SERVERY_PUBLIC_URL", "https://servery.example.com")
    app = typer.Typer()
    people.register(app)

    def run(*words):
        result = CliRunner().invoke(app, [*words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return run


def told(result):
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_an_invite_is_a_link_on_stdout_and_a_sentence_on_stderr(servery):
    result = servery("invite", *HANNA)
    assert result.stdout.startswith("https://servery.example.com/sign-in/")
    assert len(result.stdout.split()) == 1
    assert result.stderr.startswith("This link signs Hanna Holm in once, until 2")


def test_an_invite_as_json(servery):
    made = told(servery("invite", *HANNA, "--json"))
    assert made["link"].startswith("https://servery.example.com/sign-in/")
    assert made["person"]["role"] == "host"
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=47) < left <= timedelta(hours=48)


def test_people_are_listed_given_roles_and_deactivated(servery):
    servery("invite", *HANNA)
    servery("people", "role", "HANNA@example.com", "manager")
    assert [(one["name"], one["role"], one["state"]) for one in told(servery("people", "list", "--json"))] == [
        ("Hanna Holm", "manager", "invited")
    ]
    assert servery("people", "deactivate", "hanna@example.com").stderr == "Hanna Holm can no longer sign in.\n"
    assert "Hanna Holm" in servery("people", "list").stdout
    assert servery("people", "list", "--csv").stdout.splitlines()[1].endswith(",left")


def test_who_forgot_the_password_gets_a_link(servery):
    first = servery("invite", *HANNA).stdout
    second = servery("people", "link", "hanna@example.com").stdout
    assert second.startswith("https://servery.example.com/sign-in/")
    assert first != second


def test_a_key_is_shown_once(servery):
    result = servery("keys", "create", "Loyalty app", "--role", "integrator", "--expires", "90d")
    assert is_key(result.stdout.strip())
    [kept] = told(servery("keys", "list", "--json"))
    assert result.stdout.startswith(kept["prefix"])
    assert result.stdout.strip() not in str(kept)
    left = datetime.fromisoformat(kept["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    assert told(servery("keys", "revoke", str(kept["id"]), "--json"))["revoked_at"]


def test_a_key_as_json_holds_the_key(servery):
    assert is_key(told(servery("keys", "create", "App", "--role", "host", "--json"))["key"])


@pytest.mark.parametrize("given", ["soon", "90", "-1d", "1.5y", "99999d"])
def test_a_span_that_is_none_is_a_matter_of_usage(given):
    with pytest.raises(typer.BadParameter):
        people.span(given)


def test_three_years_are_too_long(servery):
    with pytest.raises(Invalid, match="730 days"):
        servery("keys", "create", "App", "--role", "host", "--expires", "3y")


def test_nobody_and_the_last_owner(servery):
    with pytest.raises(NotFound):
        servery("people", "role", "nobody@example.com", "host")
    servery("invite", "olga@example.com", "--name", "Olga", "--role", "owner")
    with pytest.raises(Refuse, match="only owner"):
        servery("people", "deactivate", "olga@example.com")
    assert told(servery("people", "list", "--json"))[0]["state"] == "invited"


def test_what_a_command_changes_is_written_down(servery, database):
    servery("invite", *HANNA)
    servery("keys", "create", "App", "--role", "host")
    with connect(database) as connection:
        lines = connection.execute("select viewer_kind, action from action order by id").fetchall()
    assert [tuple(line.values()) for line in lines] == [
        ("system", "added"),
        ("system", "sign-in-link-made"),
        ("system", "key-made"),
    ]


def signed_in(dsn, *devices):
    with connect(dsn) as db:
        for device in devices:
            db.execute(
                "insert into session (token_hash, person_id, device) select %s, id, %s from person",
                [device.encode(), device],
            )


def test_somebody_is_signed_out_of_one_browser_and_of_all(servery, database):
    servery("invite", *HANNA)
    signed_in(database, "Tablet", "Phone", "Office")
    listed = {one["device"]: one["id"] for one in told(servery("people", "sessions", HANNA[0], "--json"))}
    assert set(listed) == {"Tablet", "Phone", "Office"}
    servery("people", "sign-out", HANNA[0], "--session", str(listed["Tablet"]))
    assert {one["device"] for one in told(servery("people", "sessions", HANNA[0], "--json"))} == {"Phone", "Office"}
    with pytest.raises(NotFound):
        servery("people", "sign-out", HANNA[0], "--session", str(listed["Tablet"]))
    assert servery("people", "sign-out", HANNA[0]).stderr == "Hanna Holm is signed out.\n"
    assert told(servery("people", "sessions", HANNA[0], "--json")) == []


def test_a_new_key_seals_what_the_old_one_sealed(servery, database, tmp_path):
    old = open_vault(tmp_path, in_use=False)
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('Till', 'square')")
        db.execute("update connection set sealed = %s", [seal(old, b"token", "connection:1")])
        db.execute("insert into application (connector, sealed) values ('square', %s)",
                   [seal(old, b"app", "application:square")])  # fmt: skip
    assert told(servery("keys", "rotate-vault", "--json")) == {"sealed": 2}
    new = open_vault(tmp_path, in_use=True)
    with connect(database) as db:
        (row,) = db.execute("select c.sealed, a.sealed as app from connection c, application a").fetchall()
    assert (unseal(new, row["sealed"], "connection:1"), unseal(new, row["app"], "application:square")) == (
        b"token", b"app"
    )  # fmt: skip
    with pytest.raises(NeedsPerson):
        unseal(old, row["sealed"], "connection:1")
