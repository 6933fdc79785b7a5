"""Each role sees the fields it has a right to: what it may not see is not there at all."""

import pytest

from servery.model.viewer import RIGHTS, ROLES, Right

NEEDS: dict[str, dict[Right, tuple[str, ...]]] = {
    "/guests/1": {
        "see_contact": ("email", "phone", "company", "city", "postcode", "loyalty_id"),
        "see_allergies": ("allergies",),
        "see_notes": ("preferences", "notes", "requests"),
        "see_money": ("spend",),
    },
    "/reservations/1": {
        "see_contact": ("email", "phone"),
        "see_allergies": ("allergies",),
        "see_notes": ("requests", "occasion", "notes"),
        "see_money": ("deposit",),
    },
    "/checks/1": {"see_money": ("total", "tips", "payments", "discounts", "difference"), "see_notes": ("note",)},
    "/visits/1": {"see_money": ("spend", "net_sales", "tips")},
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_what_it_has_a_right_to(ask, role):
    for path, by_right in NEEDS.items():
        body = ask(path, role).json()
        for right, fields in by_right.items():
            seen = {name for name in fields if name in body}
            assert seen == (set(fields) if right in RIGHTS[role] else set()), (path, right)


@pytest.mark.parametrize("role", ROLES)
def test_no_amount_reaches_a_role_without_money_at_any_depth(ask, role):
    for path in ("/checks", "/checks/1", "/visits", "/guests", "/guests/1", "/guests/1/visits", "/reservations"):
        answer = ask(path, role)
        assert answer.status_code == 200
        assert ('"amount"' in answer.text) == ("see_money" in RIGHTS[role]), path


@pytest.mark.parametrize("role", ROLES)
def test_no_remark_reaches_a_role_without_notes_at_any_depth(ask, role):
    for path in ("/checks/1", "/guests/1/visits", "/reservations/1", "/guests/1"):
        said = any(remark in ask(path, role).text for remark in ("no nuts!", "a quiet table", "by the window"))
        assert said == ("see_notes" in RIGHTS[role]), path


@pytest.mark.parametrize("role", ROLES)
def test_connections_are_for_roles_that_see_them(ask, role):
    wanted = 200 if "see_connections" in RIGHTS[role] else 403
    assert (ask("/connections", role).status_code, ask("/connections/1", role).status_code) == (wanted, wanted)


def test_how_a_connection_signs_in_is_never_told(ask):
    assert "example.com" not in ask("/connections").text
    assert not {"settings", "sealed", "account"} & ask("/connections/1").json().keys()


@pytest.mark.parametrize("role", ROLES)
def test_lists_leave_only_with_roles_that_may_export_them(ask, role):
    wanted = 200 if "export_lists" in RIGHTS[role] else 403
    assert ask("/guests", role, format="csv").status_code == wanted
    assert ask("/guests", role, headers={"accept": "text/csv"}).status_code == wanted


def test_a_search_by_contact_finds_nobody_for_who_does_not_see_contacts(ask):
    assert [one["id"] for one in ask("/guests", "owner", q="anna@example.com").json()["items"]] == [1]
    assert ask("/guests", "server", q="anna@example.com").json()["items"] == []
