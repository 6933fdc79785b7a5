"""Whatever is asked, the answer is one that the document names, and never a fault of ours."""

import re
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import key

odd = st.one_of(
    st.text(max_size=30),
    st.integers(-(2**70), 2**70).map(str),
    st.datetimes().map(lambda at: at.isoformat()),
    st.datetimes().map(lambda at: at.isoformat() + "+14:00"),
    st.dates().map(str),
    st.sampled_from(
        ["", "0", "1", "-1", "\0", "%", "null", "true", "csv", "booked", "9" * 5000, "²", "١", "1e9", "W10"]
    ),
)


@pytest.fixture
def operations(address) -> list[tuple[str, list[str], set[str]]]:
    document = httpx.get(f"{address}/api/v1/openapi.json").json()
    return [
        (path, [one["name"] for one in item["get"]["parameters"] if one["in"] == "query"], {*item["get"]["responses"]})
        for path, item in document["paths"].items()
        if "parameters" in item.get("get", {})
    ]


def test_nothing_that_is_asked_breaks_it(shared, address, operations):
    headers = {"authorization": f"Bearer {key(shared, 'owner')[1]}"}
    assert len(operations) >= 15
    with httpx.Client(headers=headers, timeout=30) as client:

        @settings(
            max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        )
        @given(st.data())
        def ask(data):
            path, names, documented = data.draw(st.sampled_from(operations))
            sound = st.integers(1, 3).map(str)
            segment = data.draw(st.one_of(sound, sound, odd))
            filled_in = re.sub(r"\{\w+\}", lambda _: quote(segment, safe="", errors="replace"), path)
            query = data.draw(st.lists(st.tuples(st.sampled_from([*names, "other"]), odd), max_size=3))
            sent = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query)
            answer = client.get(f"{address}{filled_in}?{sent}")
            assert answer.status_code < 500, (filled_in, sent, answer.text)
            assert str(answer.status_code) in documented | {"404", "405"}, (filled_in, sent, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

        ask()
