from decimal import Decimal

from servery.connectors.csv import Map, Options, changes, plan
from servery.model.guest import SourceGuest
from servery.model.order import Discount, Payment, add_up
from servery.model.venue import Venue


def test_a_check_whose_lines_lie_apart(read):
    got = read(
        "check,date,item,quantity,price,table,covers,server,channel,order type\n"
        "7,2024-05-13 19:00,Soup,2,80.50,7a,2,Bo,Web,Dine in\n8,2024-05-13 19:05,Fish,1,90,9,,,,\n"
        "7,2024-05-13 20:10,Tart,1,45,7a,2,Bo,Web,Dine in\n"
    )
    first, second = got.checks
    check = first.check
    assert (first.external_id, first.location, first.complete) == ("7", "", False)
    assert [(line.name, line.quantity, line.amount, line.unit_price) for line in check.lines] == [
        ("Soup", Decimal(2), 16100, 8050),
        ("Tart", Decimal(1), 4500, 4500),
    ]
    assert (check.table, check.covers, check.server, check.number, check.status) == ("7a", 2, "Bo", "7", "closed")
    assert check.opened_at.isoformat() == "2024-05-13T17:00:00+00:00"
    assert check.closed_at and check.closed_at.isoformat() == "2024-05-13T18:10:00+00:00"
    assert check.order and (check.order.channel, check.order.service_mode) == ("Web", "dine_in")
    assert (second.external_id, second.check.covers, second.check.order) == ("8", None, None)
    assert [item.rows for item in got.items] == [2, 1]


def test_discounts_in_several_columns_whatever_their_sign(read):
    got = read("basket id,date,product,amount,retail disc,coupon disc\n1,2024-05-13 19:00,Tea,10.00,-2.00,1.00\n")
    line = got.checks[0].check.lines[0]
    assert line.amount == 1300
    assert line.discounts == (Discount("retail disc", 200), Discount("coupon disc", 100, "coupon"))
    assert add_up(got.checks[0].check).total == 1000


def test_amounts_before_discounts_are_recognised(read):
    got = read("check,date,item,quantity,price,amount,discount\n1,2024-05-13 19:00,Tea,2,10,20,5\n")
    assert got.plan.amounts == "gross"
    assert add_up(got.checks[0].check).total == 1500


def test_a_till_without_check_numbers(read):
    got = read("date,item,price,table\n2024-05-13 19:00,A,1,7\n2024-05-13 19:00,B,2,8\n2024-05-13 19:00,C,3,7\n")
    assert [[line.name for line in seen.check.lines] for seen in got.checks] == [["A", "C"], ["B"]]
    assert got.checks[0].check.number is None


def test_check_numbers_that_start_again_each_day(read):
    text = "check,date,item,price\n1,2024-05-13 19:00,A,1\n1,2024-05-15 01:00,B,2\n1,2024-05-14 21:00,C,2\n"
    assert read(text).notices == {
        "check-spans-days": "Checks whose lines lie more than a day apart: 1. If the till counts from 1 again each "
        'day, write in a file [options] check_numbers = "daily" and give it with --map.'
    }
    daily = read(text, overrides=Map(options=Options(check_numbers="daily")))
    assert [(seen.external_id, seen.check.number, len(seen.check.lines)) for seen in daily.checks] == [
        ("1@2024-05-13", "1", 1),
        ("1@2024-05-14", "1", 2),
    ]


def test_prices_of_the_menu(read):
    asked = []

    def price_of(venue, product_id, name):
        asked.append((venue, product_id, name))
        return {"P1": 8000}.get(product_id)

    got = read(
        "venue,check,date,item,sku,qty\n" + "Pier,1,2024-05-13 19:00,Soup,P1,2\n" * 3,
        has_venue=False,
        price_of=price_of,
    )
    assert [line.amount for line in got.checks[0].check.lines] == [16000] * 3
    assert asked == [("Pier", "P1", "Soup")]


def test_totals_taxes_tips_and_payment(read):
    got = read(
        "check,date,item,price,check total,tax,tip,payment type\n"
        "1,2024-05-13 19:00,A,100,150,30,20,Visa kort\n1,2024-05-13 19:00,B,50,150,30,20,Visa kort\n"
        "2,2024-05-13 19:00,A,100,125,25,0,Kontant\n3,2024-05-13 19:00,A,100,999,,,\n"
    )
    included, added, wrong = (seen.check for seen in got.checks)
    assert (included.taxes[0].amount, included.taxes[0].included) == (3000, True)
    assert included.payments == (Payment(amount=15000, tender="card", tip=2000, external_id="1"),)
    assert (added.taxes[0].included, added.payments[0].tender) == (False, "cash")
    assert [add_up(check).difference for check in (included, added, wrong)] == [0, 0, 89900]
    assert got.notices == {"total-contradicts": "Checks whose lines do not add up to the total the file states: 1."}


def test_guests_on_lines(read):
    got = read(
        "check,date,item,price,customer id,customer name,customer email\n"
        "1,2024-05-13 19:00,A,1,G1,,\n2,2024-05-13 19:00,A,1,G1,Åse Holm,\n3,2024-05-13 19:00,A,1,,Bo,bo@example.org\n"
        "4,2024-05-13 19:00,A,1,,BO,Bo@example.org\n5,2024-05-13 19:00,A,1,,Only Name,\n6,2024-05-13 19:00,A,1,,,\n"
    )
    ids = [seen.check.guest_id for seen in got.checks]
    assert ids[:2] == ["G1", "G1"]
    assert ids[2] == ids[3] and ids[2] not in (None, "bo@example.org")
    assert ids[4:] == [None, None]
    assert got.checks[4].check.guest == SourceGuest(name="Only Name")
    assert [(seen.external_id, seen.guest.name) for seen in got.guests] == [
        ("G1", None),
        ("G1", "Åse Holm"),
        (ids[2], "Bo"),
    ]
    assert got.guests[1].revision > got.guests[0].revision


def test_voided_lines_count_for_nothing(read):
    got = read("check,date,item,price,void\n1,2024-05-13 19:00,A,1,no\n1,2024-05-13 19:00,B,2,yes\n")
    assert add_up(got.checks[0].check).total == 100


def test_lines_counted_otherwise_than_the_file_does(read):
    got = read("check,date,item,price,Total products\n" + "1,2024-05-13 19:00,A,1,3\n2,2024-05-13 19:00,A,1,1\n")
    assert got.notices == {"line-count": "Checks with another number of lines than the column Total products says: 1."}


def test_two_identical_lines_are_two_lines_with_the_same_ids_each_time(read):
    text = "check,date,item,price\n" + "1,2024-05-13 19:00,A,1\n" * 2
    once, again = ([line.external_id for seen in read(text).checks for line in seen.check.lines] for _ in range(2))
    assert once == again
    assert once[1] == f"{once[0]}-2"


def test_the_modified_time_is_the_revision(read):
    got = read("check,date,item,price,updated at\n1,2024-05-13 19:00,A,1,2024-05-14 10:00\n2,2024-05-13 19:00,A,1,\n")
    assert got.checks[0].revision == 1_715_673_600_000_000
    assert got.checks[1].revision == got.plan.revision


def test_words_that_are_not_known_are_told(read):
    got = read("check,date,item,price,order type,payment\n1,2024-05-13 19:00,A,1,Hovering,Shells\n")
    assert got.notices == {
        "service-mode-unknown": "Checks with a way of serving not known here, left out: 1; one of them Hovering.",
        "tender-unknown": "Checks paid in a way not known here, kept as other: 1; one of them Shells.",
    }
    assert got.checks[0].check.payments[0].tender == "other"


def test_midnight_beside_a_time_of_its_own_is_no_time(read):
    got = read("check,date,time,item,price\n1,2024-05-13 00:00:00,19:30,A,1\n2,2024-05-13 18:00,19:30,A,1\n")
    assert [f"{seen.check.opened_at:%H:%M}" for seen in got.checks] == ["17:30", "16:00"]


def test_progress_ends_with_the_whole_file(write):
    path = write("check,date,item,price\n" + "".join(f"{each},2024-05-13 19:00,A,1\n" for each in range(20_000)))
    planned = plan(path, "orders", has_venue=True)
    told = []
    for _ in changes(
        planned, lambda _: Venue(name="Pier", time_zone="UTC", currency="DKK"), lambda *_: None,
        lambda done, total: told.append((done, total)),
    ):  # fmt: skip
        pass
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1] == (planned.size, planned.size)
