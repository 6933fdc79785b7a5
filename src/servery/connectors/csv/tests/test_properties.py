"""What must hold for any file."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery.connectors.csv import Accepted, Plan, Rejected, changes, plan
from servery.connectors.csv.grouping import Groups
from servery.connectors.csv.records import rows
from servery.connectors.csv.sniff import Cut
from servery.errors import ServeryError
from servery.model.changes import CheckSeen
from servery.model.order import add_up
from servery.model.venue import Venue

VENUE = Venue(name="Harbour", time_zone="Europe/Copenhagen", currency="DKK")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.text(st.characters(codec="cp1252", categories=("L", "N", "P", "Zs")), min_size=1, max_size=12).map(
    lambda text: " ".join(text.split()) or "x"
)
lines = st.lists(
    st.tuples(
        st.integers(1, 6),
        names,
        st.decimals(-20, 2000, places=1),
        st.decimals(-100, 9999, places=2),
    ),
    min_size=1,
    max_size=25,
)


def written(table, delimiter=",", sign=".", quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerow(["check", "date", "item", "quantity", "price"])
    for check, item, quantity, price in table:
        numbers = [str(number).replace(".", sign) for number in (quantity, price)]
        writer.writerow([check, f"2024-05-13 {check + 10}:00", item, *numbers])
    return text.getvalue()


def imported(content, kind="orders", share=None):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content)
        planned = plan(path, kind, has_venue=True)
        items = changes(
            planned, lambda _: VENUE, lambda *_: None, lambda *_: None, now=datetime(2026, 1, 1, tzinfo=UTC)
        )
        return planned, list(items)


def checks(items):
    assert not [item for item in items if isinstance(item, Rejected)]
    return [item.change for item in items if isinstance(item, Accepted) and isinstance(item.change, CheckSeen)]


def ids(items):
    return {(seen.external_id, line.external_id) for seen in checks(items) for line in seen.check.lines}


@QUICK
@given(
    lines,
    st.sampled_from(",;\t|"),
    st.sampled_from(".,"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_table_comes_back_as_it_was_written(table, delimiter, sign, encoding, quoting):
    planned, items = imported(written(table, delimiter, sign, quoting).encode(encoding))
    assert isinstance(planned, Plan)
    read = sorted(
        (int(seen.external_id), line.name, line.quantity, Decimal(line.unit_price or 0) / 100)
        for seen in checks(items)
        for line in seen.check.lines
    )
    assert read == sorted((check, item, quantity, price) for check, item, quantity, price in table)


@QUICK
@given(lines, st.data())
def test_a_longer_file_only_adds(table, data):
    shorter = table[: data.draw(st.integers(1, len(table)))]
    assert ids(imported(written(shorter).encode())[1]) <= ids(imported(written(table).encode())[1])


@QUICK
@given(lines, st.randoms(use_true_random=False))
def test_shuffled_rows_give_the_same_checks(table, random):
    shuffled = list(table)
    random.shuffle(shuffled)
    one, other = (imported(written(each).encode())[1] for each in (table, shuffled))
    totals = [{seen.external_id: add_up(seen.check).total for seen in checks(items)} for items in (one, other)]
    assert totals[0] == totals[1]
    assert ids(one) == ids(other)


pieces = st.sampled_from("check,date;item\tprice guests name\"'\r\n\0 2024-05-13 19:00 13/05/24 1.234,5 €\x1a=xX")
headers = st.sampled_from(
    ["", "check,date,item,price,quantity,discount,tip,tax,total,covers\n", "id;date;guests;name;status;price\n"]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["orders", "reservations", "guests", "menu"]),
    st.one_of(st.binary(max_size=300), st.text(pieces, max_size=400).map(str.encode)),
    headers,
)
def test_no_file_ends_in_anything_but_our_own_words(kind, body, header):
    try:
        _, items = imported(header.encode() + body, kind)
    except ServeryError as error:
        assert str(error)
    else:
        for item in items:
            if isinstance(item, Rejected):
                assert str(item.reason)
            elif not isinstance(item, Accepted):
                assert item.told()


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(cell, cell), max_size=20))
def test_every_row_is_handed_on_once(table):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *table])
    text.seek(0)
    read = list(rows(text, Cut(",", '"'), ("a", "b"), 1))
    # Spaces that begin a cell are kept or not as it is quoted or not; nothing reads them.
    kept = [[cell.lstrip(" ") for cell in row[1].split("\0")] for row in read if not isinstance(row, Rejected)]
    expected = [[cell.lstrip(" ") for cell in row] for row in table if "".join(row).strip(" \t\x1a")]
    assert kept == expected


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(), st.text(max_size=3))), st.integers(1, 40))
def test_groups_are_the_same_in_memory_and_spilled(table, share):
    def gathered(size):
        with Groups(size, share) as groups:
            add = groups.adder
            for key, line, cells in table:
                add(key, (line, cells))
            return dict(groups)

    assert gathered(0) == gathered(100)
