"""The simulator is Odoo to whoever asks it: its records have the fields and types that a running Odoo 19 gave."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from servery.connectors.odoo.tests.conftest import TONIGHT, Kro, inn
from servery.testing.stage import Stage

RECORDED = Path(__file__).parents[6] / "shared/data/recorded"
KEY = {"Authorization": "Bearer sandbox-key", "Content-Type": "application/json"}


def ask(kro: Kro, model: str, method: str, **named: Any) -> Any:
    answer = httpx.post(f"{kro.settings['base_url']}/json/2/{model}/{method}", json=named, headers=KEY, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def kind(value: Any) -> str:
    """A value's shape: false stands for nothing of any kind, and a link is an id with a name."""
    if isinstance(value, list):
        return "link" if len(value) == 2 and isinstance(value[1], str) else "list"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.parametrize("path", sorted(RECORDED.glob("odoo19_*.json")) or [RECORDED / "none"], ids=lambda p: p.stem)
def test_records_have_the_fields_and_types_of_the_recorded_ones(stage: Stage, path: Path):
    if not path.exists():
        pytest.skip(f"the recorded answers are not at {RECORDED}")
    rows: list[dict[str, Any]] = json.loads(path.read_text())
    with inn(stage) as kro:
        models = kro.play.database.models
        model = next(each for each in models if each.replace(".", "_") == path.stem.removeprefix("odoo19_"))
        shown = ask(kro, model, "search_read", domain=[], fields=[name for name in rows[0] if name != "id"])
    for name in rows[0]:
        known = {kind(row[name]) for row in rows}
        assert {kind(row[name]) for row in shown} <= known | {"bool"}, f"{model}.{name}"


def test_what_a_till_sends_twice_is_there_once_by_its_uuids(stage: Stage):
    order = {"uuid": "a-1", "session_id": 1, "state": "draft", "amount_total": 10, "amount_tax": 0, "amount_paid": 0,
             "amount_return": 0, "access_token": False}  # fmt: skip
    line = {"uuid": "l-1", "product_id": 3, "qty": 1, "price_unit": 10}
    with inn(stage) as kro:
        for uuids in (("l-1",), ("l-1",), ("l-2",)):
            lines = [[0, 0, line | {"uuid": each}] for each in uuids]
            (told,) = ask(kro, "pos.order", "sync_from_ui", orders=[order | {"lines": lines}])["pos.order"]
        first = ask(kro, "pos.order", "read", ids=[told["id"]], fields=["lines", "name"])[0]
        assert (len(first["lines"]), first["name"]) == (2, "/"), "a line with a new uuid is one more"
        ask(kro, "pos.order", "write", ids=[told["id"]], vals={"state": "paid"})
        late = order | {"amount_total": 99, "lines": []}
        (ignored,) = ask(kro, "pos.order", "sync_from_ui", orders=[late])["pos.order"]
        assert ignored == {**told, "state": "paid"}
        assert ask(kro, "pos.order", "read", ids=[told["id"]], fields=["amount_total"])[0]["amount_total"] == 10


def test_times_have_no_zone_and_no_fractions_though_they_are_kept(stage: Stage):
    at = TONIGHT + timedelta(microseconds=500_000)
    guest = stage.guests.get("ASE")
    assert guest
    stage.guests.put("BO", guest.record, at)
    with inn(stage) as kro:
        second = at.strftime("%Y-%m-%d %H:%M:%S")
        fields = ["write_date"]
        later = ask(kro, "res.partner", "search_read", domain=[["write_date", ">", second]], fields=fields)
        equal = ask(kro, "res.partner", "search_read", domain=[["write_date", "=", second]], fields=fields)
    assert [each["write_date"] for each in later] == [second]
    assert equal == []


def test_a_method_that_gives_nothing_back_has_no_result_and_has_done_its_work(stage: Stage):
    call = ["restaurant", 1, "sandbox-key", "pos.config", "notify_synchronisation", [[1]],
            {"session_id": 0, "login_number": 0}]  # fmt: skip
    params = {"service": "object", "method": "execute_kw", "args": call}
    with inn(stage, version="18.0") as kro:
        answer = httpx.post(f"{kro.settings['base_url']}/jsonrpc", json={"jsonrpc": "2.0", "params": params})
        assert answer.json() == {"jsonrpc": "2.0", "id": 1}
        assert kro.play.methods.told == [1]
