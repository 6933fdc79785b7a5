"""Reservations, guests and menus."""

from decimal import Decimal

from servery.model.guest import Birthday, Note
from servery.model.menu import TaxRate
from servery.model.reservation import Deposit


def test_a_danish_booking_list(read):
    got = read(
        "Booking nr;Dato;Kl;Antal gæster;Navn;E-mail;Telefon;Status;Bord;Ønsker;Varighed;Depositum\n"
        "R1;13.05.2027;19.30;4;Åse Holm;a@example.org;12345678;Bekræftet;7 + 8;Vindue;120;200,00\n"
        "R2;14.05.2027;18.00;2;;;;Aflyst;;;;\n".encode("cp1252"),
        "reservations",
    )
    first, second = (seen.reservation for seen in got.reservations)
    assert (first.status, first.party_size, first.tables, first.duration) == ("confirmed", 4, ("7", "8"), 120)
    assert first.starts_at.isoformat() == "2027-05-13T17:30:00+00:00"
    assert first.deposit == Deposit(20000, "DKK", "paid")
    assert first.requests == "Vindue"
    assert first.guest and (first.guest.name, first.guest.phone) == ("Åse Holm", "12345678")
    assert (second.status, second.guest, second.guest_id) == ("cancelled", None, None)
    assert [seen.external_id for seen in got.guests] == [first.guest_id]


def test_bad_reservations(read):
    got = read(
        "Booking ID,Date,Guests,Status\nR1,2027-05-13 19:30,4,booked\nR1,2027-05-13 19:30,5,booked\n"
        "R1,2027-05-13 19:30,4,booked\nR2,2027-05-13 19:30,x,\nR3,2027-05-13 19:30,0,\nR4,2027-05-13 19:30,2.5,\n"
        "R5,2027-05-13 19:30,2,perhaps\nR6,2027-05-13,2,\nR7,2027-03-28 02:30,2,\n",
        "reservations",
    )
    assert got.told == [
        "line 3, Booking ID, 'R1': Line 2 has the same id with other content; the first is kept.",
        "line 5, Guests, 'x': This is not a number.",
        "line 6, Guests, '0': This is not a whole number from 1 to 1000.",
        "line 7, Guests, '2.5': This is not a whole number from 1 to 1000.",
        "line 8, Status, 'perhaps': This is no status of a reservation known here; known are for example requested, "
        "waitlist, booked, confirmed, arrived, seated, finished, no_show, cancelled, declined.",
        "line 9, Date, '2027-05-13': The reservation has no time of day.",
        "line 10, Date, '2027-03-28 02:30': There was no such time in Europe/Copenhagen: the clock went forward. "
        'If the file\'s times are UTC, write in a file [options] times = "utc" and give it with --map.',
    ]
    assert [(item.rows, item.line) for item in got.items if hasattr(item, "rows")] == [(2, 2)]


def test_reservations_without_ids_are_known_by_their_content(read):
    text = "date,guests,name\n2027-05-13 19:30,4,Bo\n2027-05-13 19:30,4,Bo\n2027-05-13 20:00,2,Bo\n"
    once, again = ([seen.external_id for seen in read(text, "reservations").reservations] for _ in range(2))
    assert once == again
    assert len(set(once)) == 3
    assert once[1] == f"{once[0]}-2"


def test_an_id_that_mostly_repeats_is_not_the_reservations(read):
    rows = "".join(f"1,2027-05-{day} 19:30,4\n" for day in range(10, 20))
    got = read("ID,date,guests\n" + rows, "reservations")
    assert (got.plan.unmapped, len(got.reservations)) == (("ID",), 10)


def test_guests(read):
    got = read(
        "Kundennummer;Vorname;Nachname;E-Mail;Geburtstag;Allergien;VIP;Newsletter;Notizen;Kunde seit;Land;PLZ\n"
        "1;Jörg;Weiß;j@example.org;13.05.1980;Nüsse, Milch;ja;nein;Fensterplatz;01.02.2020;DE;10115\n"
        "2;;;;31.12.;;;;;;Deutschland;\n3;Ann;;;31.31.;;;;;;;\n;;;;;;;;Nobody;;;\n",
        "guests",
        has_venue=False,
    )
    first, second, third = (seen.guest for seen in got.guests)
    assert (first.name, first.given_name, first.family_name) == ("Jörg Weiß", "Jörg", "Weiß")
    assert first.birthday == Birthday(5, 13, 1980)
    assert (first.allergies, first.vip, first.marketing) == (("Nüsse", "Milch"), True, "denied")
    assert (first.notes, first.country, first.postcode) == ((Note("Fensterplatz"),), "DE", "10115")
    assert first.created_at and first.created_at.isoformat() == "2020-02-01T12:00:00+00:00"
    assert (second.birthday, second.country, second.marketing) == (Birthday(12, 31), None, "unknown")
    assert third.birthday is None
    assert got.notices == {"birthday-unreadable": "Birthdays that are no dates, left out: 1."}
    assert got.told == ["line 5, None, '': The row names nobody: no name, e-mail, phone or id."]


def test_birthdays_that_are_a_spreadsheets_numbers(read):
    others = "".join(f"G{at},{20000 + at}\n" for at in range(20))
    got = read(
        f"name,birthday\nAda,29221\nBo,60\nCy,18000.0\nDi,1981\nEd,1980-04-02\n{others}", "guests", has_venue=False
    )
    born = [seen.guest.birthday for seen in got.guests]
    assert born[:5] == [Birthday(1, 1, 1980), None, Birthday(4, 12, 1949), None, Birthday(4, 2, 1980)]


def test_a_spreadsheets_number_among_dates_is_told_with_what_helps(read):
    got = read("name,birthday\nAda,13/05/1980\nBo,29221\n", "guests", has_venue=False)
    assert [seen.guest.birthday for seen in got.guests] == [Birthday(5, 13, 1980), None]
    assert got.notices["birthday-number"].endswith("left out: 1. Show that column as dates, and save the file again.")


def test_a_menu_with_sizes(read):
    got = read(
        "Product ID,Name,Size,Category,Price,Allergens,VAT rate,Available\n"
        '1,Pizza,Small,Mains,80,"gluten, milk, love",25%,yes\n1,Pizza,Large,Mains,"1,000.00","gluten, milk",25%,yes\n'
        "2,Rioja,,Red wine,60,,25,no\n2,Rioja,,Red wine,70,,25,no\n"
        "3,Daily special,,Mains,,,,\n3,Daily special,,Mains,,,,\n"
        ",,,Mains,5,,,\n4,Cake,,Mains,five,,,\n",
        "menu",
    )
    assert got.told == [
        "line 5, Product ID, '2': Line 4 has the same id with other content; the first is kept.",
        "line 8, Name, '': The row names no item.",
        "line 9, Price, 'five': This is not an amount.",
    ]
    (seen,) = got.menus
    assert (seen.external_id, seen.location, seen.menu.currency) == ("menu", "", "DKK")
    pizza, wine, special = seen.menu.products
    assert [(each.external_id, each.name, each.price) for each in pizza.variants] == [
        ("1/small", "Small", 8000),
        ("1/large", "Large", 100000),
    ]
    assert (pizza.allergens, pizza.taxes, pizza.kind) == (("gluten", "milk"), (TaxRate(Decimal(25), True),), "dish")
    assert (wine.kind, wine.variants[0].availability.available) == ("wine", False)
    assert special.variants[0].price is None
    assert got.notices == {"row-repeated": "Rows that repeat an earlier row with its id, counted once: 1."}


def test_one_menu_for_each_venue_by_names_alone(read):
    got = read("venue,dish,price\nPier,Soup,80\nDock,Soup,85\nPier,Fish,90\n", "menu", has_venue=False)
    assert [(seen.location, [product.external_id for product in seen.menu.products]) for seen in got.menus] == [
        ("Pier", ["soup", "fish"]),
        ("Dock", ["soup"]),
    ]


def test_a_column_with_the_word_for_a_contact_is_taken_with_bad_values_among_good_ones(read):
    text = "Name,E-mail,Phone,VIP\nAnna,anna(at)example.org,call the hotel,perhaps\nBo,b@example.org,12345678,yes\n"
    guests = [seen.guest for seen in read(text, "guests").guests]
    assert [one.email for one in guests] == ["anna(at)example.org", "b@example.org"]
    assert [one.phone for one in guests] == ["call the hotel", "12345678"]
    assert [one.vip for one in guests] == [None, True]
    (anna,) = (seen.guest for seen in read("Name,E-mail\nAnna,anna(at)example.org\n", "guests").guests)
    assert anna.email == "anna(at)example.org"


def test_a_column_whose_values_are_all_of_another_kind_is_not_what_its_word_says(read):
    got = read("Name,E-mail,Phone\nAnna,yes,a@example.org\nBo,no,b@example.org\n", "guests")
    assert got.plan.unmapped == ("E-mail", "Phone")


def test_guests_of_bookings_are_not_one_because_they_have_no_contact_in_the_same_words(read):
    text = (
        "Booking ID,Date,Guests,Name,E-mail,Phone\nR1,2027-05-13 19:30,4,Anna,none,1\n"
        "R2,2027-05-13 20:30,2,Bo,none,1\nR3,2027-05-13 20:30,2,Cy,c@example.org,\n"
    )
    got = read(text, "reservations")
    assert [seen.reservation.guest.email for seen in got.reservations if seen.reservation.guest] == [
        "none",
        "none",
        "c@example.org",
    ]
    assert [bool(seen.reservation.guest_id) for seen in got.reservations] == [False, False, True]
