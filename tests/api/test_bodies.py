"""What a body may hold: what the document names, and text that can be kept. Each fault is pointed at."""

import json
from http import HTTPStatus

import httpx
import pytest

from tests.api.conftest import key

FORBIDDEN, ASKED_WRONGLY = HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST
ANY = {"if-match": "*"}


@pytest.fixture
def send(shared, ask):
    """Sends bytes as they are to the shared restaurant."""

    def send(path: str, body: bytes, method: str = "POST") -> httpx.Response:
        headers = {"authorization": f"Bearer {key(shared, 'owner')[1]}", "content-type": "application/json", **ANY}
        address = str(ask("/venues").request.url).removesuffix("/venues")
        return httpx.request(method, f"{address}{path}", content=body, headers=headers)

    return send


def fault(answer: httpx.Response) -> tuple[str, str, str]:
    """The code, the only pointer and what is said there."""
    problem = answer.json()
    assert answer.status_code == ASKED_WRONGLY, answer.text
    [found] = problem["errors"]
    assert found["detail"] in problem["detail"]
    return problem["code"], found["pointer"], found["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("PATCH", "/guests/1", {"name": "An\0na"}, "/body/name"),
        ("PATCH", "/guests/1", {"birthday": {"month": "\0", "day": 1, "year": None}}, "/body/birthday/month"),
        ("POST", "/guests/1/entries", {"kind": "note", "text": "\0"}, "/body/text"),
        ("POST", "/guests/1/apart", {"guest_id": 2, "reason": "no\0"}, "/body/reason"),
        ("POST", "/guests/1/merge", {"guest_id": 2, "fields": {"a/b~": "x\0"}}, "/body/fields/a~1b~0"),
        ("POST", "/guests/1/consent", {"state": "denied", "source": "\0"}, "/body/source"),
        ("POST", "/guests/search", {"q": "\0"}, "/body/q"),
        ("POST", "/privacy/requests", {"kind": "access", "asked_by": "a\0@example.com"}, "/body/asked_by"),
        ("POST", "/privacy/let-in", {"name": "\0", "email": "a@example.com"}, "/body/name"),
        ("POST", "/tag-rules", {"tag": "x", "conditions": [{"fact": "channel", "op": "is", "value": "a\0"}]},
         "/body/conditions/0/value"),
    ],
)  # fmt: skip
def test_a_nul_is_refused_where_it_stands(ask, method, path, body, pointer):
    answer = ask(path, "owner", body=body, method=method, headers=ANY)
    assert fault(answer)[:2] == ("nul", pointer)


def test_no_route_takes_a_nul_or_a_field_that_it_has_not(ask):
    """Every route that takes a body, by the document: what none of them knows, and what none can keep."""
    document = ask("/openapi.json").json()
    tried = 0
    for path, item in document["paths"].items():
        for method in item.keys() & {"post", "put", "patch"}:
            to = path.removeprefix("/api/v1").replace("{", "1{").split("{")[0] + path.partition("}")[2]
            for body, code in (({"x": "\0"}, "nul"), ({"x_of_nobody": 1}, "unknown-field")):
                answer = ask(to, "owner", body=body, method=method.upper(), headers=ANY)
                assert (answer.status_code, answer.json()["code"]) == (ASKED_WRONGLY, code), (method, to, answer.text)
            tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("path", "name"), [("/guests?q=An%00na", "q"), ("/events?q=%00", "q"), ("/visits?cursor=%00", "cursor")]
)
def test_a_nul_in_a_query_is_refused_where_it_stands(ask, path, name):
    name_at = name
    answer = ask(path)
    problem = answer.json()
    assert (answer.status_code, problem["errors"][0]["pointer"]) == (ASKED_WRONGLY, f"/query/{name_at}")


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer", "said"),
    [
        ("PATCH", "/guests/1", {"nmae": "Foo"}, "/body/nmae", "Did you mean name?"),
        ("PATCH", "/guests/1", {"allergies": ["x"]}, "/body/allergies", "There are: name, pronunciation, "),
        ("PATCH", "/guests/1", {"birthday": {"mnth": 5, "day": 1, "year": None}}, "/body/birthday/mnth", "mean month?"),
        ("POST", "/tag-rules", {"tag": "x", "conditions": [{"fct": "visits"}]}, "/body/conditions/0/fct", "mean fact?"),
        ("POST", "/guest-edits/1/undo", {"reason": "x"}, "/body/reason", "no field reason here."),
        ("POST", "/guests/1/erase", {"guest": 1}, "/body/guest", "no field guest here."),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_that_there_is(ask, method, path, body, pointer, said):
    before = ask("/guests/1").text
    code, at, detail = fault(ask(path, "owner", body=body, method=method, headers=ANY))
    assert (code, at) == ("unknown-field", pointer)
    assert said in detail
    assert ask("/guests/1").text == before


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer", "said"),
    [
        ("POST", "/guests/1/merge", {}, "/body/guest_id", "This is missing."),
        ("POST", "/privacy/requests", {}, "/body/kind", "This is missing."),
        ("PATCH", "/guests/1", {"birthday": {"month": 5, "day": 1}}, "/body/birthday/year", "This is missing."),
        ("POST", "/tag-rules", {"tag": "x", "conditions": [{"fact": "visits", "value": 1}]}, "/body/conditions/0/op",
         "This is missing."),
        ("POST", "/tag-rules", {"tag": "x", "conditions": [{"fact": "visit", "op": "is", "value": 1}]},
         "/body/conditions/0/fact", "Invalid enum value"),
        ("PATCH", "/guests/1", {"birthday": "1980-05-17"}, "/body/birthday", '{"month": …, "day": …, "year": …}'),
        ("PATCH", "/guests/1", {"birthday": {"month": 2, "day": 30, "year": None}}, "/body/birthday",
         '{"month": 5, "day": 17, "year": 1980}'),
    ],
)  # fmt: skip
def test_a_fault_is_pointed_at_where_it_is(ask, method, path, body, pointer, said):
    _, at, detail = fault(ask(path, "owner", body=body, method=method, headers=ANY))
    assert at == pointer
    assert said in detail


@pytest.mark.parametrize("body", [b"", b"{", b'{"q": "\xff"}', b'{"q": "\\ud800"}', b"[" * 100_000, b"\0", b"[]", b"1"])
def test_what_is_no_object_in_json_is_said_to_be_none(send, body):
    answer = send("/guests/search", body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (ASKED_WRONGLY, "invalid"), answer.text
    assert problem["detail"]


def test_a_body_that_is_deep_is_looked_through(send):
    deep = b'{"q": "x", "limit": ' + b"[" * 900 + b'"\\u0000"' + b"]" * 900 + b"}"
    assert send("/guests/search", deep).json()["code"] == "nul"


def test_what_a_key_may_not_do_is_told_once_it_is_asked_rightly(ask):
    assert ask("/guests/1/merge", "server", body={"guest_id": 2}).status_code == FORBIDDEN


def test_the_document_names_what_a_body_may_hold(ask):
    schemas = ask("/openapi.json").json()["components"]["schemas"]
    assert json.dumps(schemas["GuestChange"]["properties"]["birthday"])
