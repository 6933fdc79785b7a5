"""Tags that staff gave a partner are never ours to take away, whoever else gives them too."""

from servery.connectors.odoo.guest import Wanted, changes, given_tags, written

IDS = {"regular": 1, "wine": 2, "vip": 3}
THERE = frozenset({"category_id"})
LINK, UNLINK = 4, 3


def test_only_what_the_partner_had_not_is_ours():
    partner = {"name": "Mette", "category_id": [1]}
    wanted = Wanted(tags=("Regular", "Wine"), vip=True)
    given = given_tags(partner, wanted, {}, IDS)
    assert given == {"wine", "vip"}
    assert written(wanted, partner, given) == {"tags": ["Wine"], "vip": True}


def test_what_is_ours_stays_ours():
    before = {"tags": ["Wine"], "vip": True}
    assert given_tags({"category_id": [1, 2, 3]}, Wanted(tags=("Regular", "Wine"), vip=True), before, IDS) == {
        "wine",
        "vip",
    }


def test_where_we_say_no_more_only_ours_are_taken_away():
    partner = {"name": "Mette", "category_id": [1]}
    wanted = Wanted(tags=("Regular", "Wine"))
    before = written(wanted, partner, given_tags(partner, wanted, {}, IDS))
    silent = changes(partner | {"category_id": [1, 2]}, Wanted(), before, IDS, THERE)
    assert silent == {"category_id": [(UNLINK, 2, 0)]}
    assert changes(partner, wanted, {}, IDS, THERE) == {"category_id": [(LINK, 2, 0)]}
