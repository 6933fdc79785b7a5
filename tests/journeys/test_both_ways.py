"""One dinner both ways: booked in resOS it stands on the till's table, paid at the till it stands on the booking."""

from pathlib import Path

from benchmarks.stand.dinner import dinner, when, working


def test_a_booking_is_on_the_table_and_the_check_on_the_booking(database: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with dinner(database, home) as tonight:
        tonight.books()
        with working(tonight):
            order = when(tonight.order)
            assert order["customer_count"] == 4
            table = tonight.odoo.database.row("restaurant.table", int(str(order["table_id"])))
            assert table is not None
            assert str(table["table_number"]) == "7"
            assert "nuts" in str(order).casefold()
            number = when(lambda: (tonight.order() or {})["partner_id"] or None)
            partner = tonight.odoo.database.row("res.partner", int(str(number)))
            assert partner is not None
            assert partner["name"] == "Åse Ødegård"
            [customer] = when(lambda: tonight.customers() or None)
            assert customer.name == "Åse Ødegård"
            assert "Allergier: Nuts" in "\n".join(note.text for note in customer.notes)

            tonight.pays()
            [remark] = when(lambda: [one for one in tonight.remarks() if one.startswith("Servery: ")] or None)
            assert "490.00 DKK" in remark
            assert "2 Ribeye" in remark
