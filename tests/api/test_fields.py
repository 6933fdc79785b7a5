"""Who owns which field, through the API: told, tried out, chosen."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from litestar import Litestar

from servery.api.plugin import Api
from servery.app.fields import RoomChoosing
from servery.storage.pool import Pool
from tests.api.conftest import key, serving, sql

Send = Callable[..., httpx.Response]


@pytest.fixture
def send(database: str) -> Iterator[Send]:
    def application(pool: Pool) -> Litestar:
        return Litestar([], plugins=[Api(pool, 10_000, choosing=RoomChoosing(pool))], logging_config=None)

    with serving(database, application) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=30) as client:

        def ask(method: str, path: str, body: object = None, role: str = "integrator") -> httpx.Response:
            header = {"authorization": f"Bearer {key(database, role)[1]}"}  # type: ignore[arg-type]
            return client.request(method, path, json=body, headers=header)

        yield ask


def test_fields_are_told_tried_out_and_chosen(send: Send, database: str) -> None:
    number = sql(database, "insert into connection (name, connector) values ('Till', 'square') returning id")[0]["id"]
    path = f"/connections/{number}/fields"
    found = {one["field"]: one for one in send("GET", path).json()["items"]}
    assert (found["name"]["now"], found["allergies"]["choices"]) == ("both", ["out", "none"])
    tried = send("POST", path, {"fields": {"allergies": "none", "name": "both"}, "dry_run": True})
    assert tried.json()["items"] == [
        {"field": "allergies", "before": "out", "after": "none", "written": 0, "changed": None, "examples": []}
    ]
    assert sql(database, "select from field_rule") == []
    kept = send("POST", path, {"fields": {"allergies": "none"}})
    assert (kept.status_code, kept.json()["dry_run"]) == (200, False)
    found = {one["field"]: one for one in send("GET", path).json()["items"]}
    assert (found["allergies"]["now"], found["allergies"]["usual"]) == ("none", "out")
    assert send("GET", path).json()["remaking"] == {"done": 0, "total": 0}


def test_what_cannot_be_is_told_at_the_field(send: Send, database: str) -> None:
    number = sql(database, "insert into connection (name, connector) values ('Till', 'square') returning id")[0]["id"]
    answer = send("POST", f"/connections/{number}/fields", {"fields": {"allergies": "in"}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/fields/allergies")
    assert send("GET", "/connections/999999/fields").status_code == 404
    assert send("POST", f"/connections/{number}/fields", {"fields": {}}, role="host").status_code == 403
