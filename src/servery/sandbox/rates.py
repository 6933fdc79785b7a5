"""How often each thing goes otherwise than a tidy database would like: the one table of the demo restaurant's mess."""

from msgspec import Struct


class Rates(Struct, frozen=True, kw_only=True):
    """Shares between 0 and 1, of what each line says."""

    # Guests: of returning ones, unless said.
    second_email: float = 0.15
    """book now with one address, now with another"""
    household: float = 0.06
    """give the phone of another in their household"""
    company: float = 0.06
    """give their firm's switchboard as their phone"""
    twice_at_the_till: float = 0.08
    """have two records in the till's customer directory"""
    allergic: float = 0.09
    vip: float = 0.12
    """of the regulars"""

    # What happens: of bookings, unless said.
    walk_in: float = 0.33
    """of parties that come"""
    no_show: float = 0.04
    late_cancel: float = 0.05
    """cancelled within a day of the booked time"""
    early_cancel: float = 0.05
    very_late: float = 0.015
    """come 25 to 45 minutes after the booked time"""
    other_covers: float = 0.12
    """come with one more or one fewer than booked"""
    moved: float = 0.05
    """sit at another table than the one assigned"""
    bar: float = 0.12
    """of walk-ins: drinks at the bar, at no table"""
    favourite: float = 0.7
    """a returning guest orders the usual dish; the usual drink as often"""

    # The book: of bookings, unless said.
    misspelt: float = 0.04
    """have a slip in the guest's name"""
    relay: float = 0.5
    """of a marketplace's bookings: a relay address made for this one"""
    relay_shared: float = 0.25
    """of a marketplace's bookings: the marketplace's own address, the same for everybody"""
    no_email_by_phone: float = 0.6
    """of bookings by phone"""
    no_phone: float = 0.12
    not_assigned: float = 0.04
    """get no table before they sit"""
    move_not_written: float = 0.5
    """of moved parties: the book keeps the old table"""
    seated_forgotten: float = 0.10
    """of parties that came: the host never marks them seated, nor left"""
    left_forgotten: float = 0.12
    """of parties marked seated: never marked left"""
    no_show_forgotten: float = 0.15
    """of no-shows: left as booked"""
    walk_in_written: float = 0.2
    """of walk-ins at a table: the host writes them into the book"""
    requests: float = 0.18

    # The till: of checks, unless said.
    split: float = 0.07
    """of parties of two or more: two or three checks, each with the label"""
    split_at_payment: float = 0.35
    """of split parties: the further checks are opened only when it comes to paying"""
    label_missing: float = 0.33
    label_name_only: float = 0.10
    """of labels: a guest's name and no table"""
    label_with_name: float = 0.10
    """of labels: table and name"""
    label_slip: float = 0.01
    """of labels that name a table: a wrong one"""
    customer_regular: float = 0.4
    """of checks of returning guests: the customer is attached (loyalty, receipt by e-mail)"""
    customer_once: float = 0.08
    """of checks of others: the customer is attached"""
    customer_misspelt: float = 0.06
    """of the till's customers"""
    customer_without_phone: float = 0.4
    """of the till's customers"""
    tip: float = 0.35
    late_tip: float = 0.12
    """of tipped checks: the tip is entered the next morning"""
    reopened: float = 0.02
    """closed, opened again for one more item, and closed"""
    offline: float = 0.015
    """arrive a day late, with their original times"""
    void_check: float = 0.006
    void_line: float = 0.012
    """of lines"""
    comp_line: float = 0.008
    """of lines"""
    discount: float = 0.04
    refund: float = 0.006
    gift_card: float = 0.03
    cash: float = 0.07


RATES = Rates()
"""The rates in force."""
