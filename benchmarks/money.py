"""Checks with every kind of part, added up: whether each sum is right to the last minor unit, and how quickly.

Why it matters: spend, averages and every report stand on these sums. A cent that is lost in one check of ten thousand
is a difference that an owner finds and nobody can explain.

A check is drawn as its vendor would write it, in decimals and in a currency of 0, 2 or 3 of them. The oracle adds those
up in fractions, and rounds only where a price is multiplied; ours goes through minor units, the model, and the JSON in
which checks are stored. Every sum of every check must be the same.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

import msgspec

from benchmarks.stand.report import Figure, Report
from servery.model.money import decimals, times, to_decimal, to_minor
from servery.model.order import Check, Discount, Line, Payment, Refund, ServiceCharge, Tax, add_up

CHECKS = 100_000
ROUNDS = 5
SUMS = (
    "gross discounts service_charges tax_added tax_included total tips paid refunded difference net_sales spend"
).split()

_DECODER = msgspec.json.Decoder(Check)
_QUANTITIES = [Decimal(text) for text in "1 1 1 1 2 3 12 0 -1 0.5 0.375 1.25 32.623".split()]


def run(report: Report) -> None:
    """Draw the checks, compare every sum with the oracle's, then time both ways of going over them."""
    rng = random.Random(1)
    kinds: Counter[str] = Counter()
    stored, wrong = [], 0
    for _ in range(CHECKS):
        drawing = _Drawing(rng)
        body = msgspec.json.encode(drawing.check())
        wrong += _sums(_DECODER.decode(body)) != drawing.sums()
        kinds.update(drawing.kinds)
        stored.append(body)
    report.fact(f"of {CHECKS:,} checks, those with a wrong sum", wrong, 0)
    report.say("checks with: " + ", ".join(f"{kind} {number:,}" for kind, number in sorted(kinds.items())))
    checks = [_DECODER.decode(body) for body in stored]
    added = report.figure(Figure(name="added up", unit="checks/s", rounds=_speeds(add_up, checks)))
    decoded = _speeds(_DECODER.decode, stored)
    report.peer(added, Figure(name="the same checks decoded from JSON", unit="checks/s", rounds=decoded))


def _sums(check: Check) -> dict[str, Fraction]:
    """Our sums, in whole units of the currency."""
    sums = add_up(check)
    return {name: Fraction(to_decimal(getattr(sums, name), check.currency)) for name in SUMS}


def _speeds(work: Callable[..., object], over: Sequence[object]) -> list[float]:
    speeds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for one in over:
            work(one)
        speeds.append(len(over) / (time.perf_counter() - began))
    return speeds


class _Drawing:
    """One check being drawn, and beside it the oracle's account of it in fractions."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._currency = rng.choice(("JPY", "ISK", "EUR", "DKK", "USD", "KWD", "TND"))
        self._void = rng.random() < 0.02
        self._account: dict[str, Fraction] = defaultdict(Fraction)
        self.kinds: set[str] = {f"{decimals(self._currency)} decimals"}

    def check(self) -> Check:
        """The check as a connector would make it of the vendor's decimals."""
        some = self._some
        lines = tuple(self._line(depth=0, counts=True) for _ in range(self._rng.randrange(9)))
        check = Check(
            currency=self._currency,
            opened_at=datetime(2025, 6, 1, 18, tzinfo=UTC),
            status="void" if self._void else "closed",
            lines=lines,
            discounts=tuple(Discount("Friends", self._money("discounts", "discount")) for _ in some(0.2)),
            service_charges=tuple(
                ServiceCharge("Service", self._money("service_charges", "service charge")) for _ in some(0.3)
            ),
            taxes=(
                *(Tax("VAT", self._money("tax_included", "included tax"), included=True) for _ in some(0.5)),
                *(Tax("City", self._money("tax_added", "added tax"), included=False) for _ in some(0.3)),
            ),
            payments=tuple(self._payment() for _ in some(0.8)),
            refunds=tuple(Refund(self._money("refunded", "refund")) for _ in some(0.1)),
            tip=self._money("tips", "cash tip") if self._rng.random() < 0.1 else 0,
        )
        return msgspec.structs.replace(check, total=self._stated())

    def sums(self) -> dict[str, Fraction]:
        """What the sums must be, in whole units of the currency."""
        found, stated = self._account, self._account["stated"]
        if self._void:
            return dict.fromkeys(SUMS, Fraction(0))
        parts = self._parts()
        total = stated if "stated" in self.kinds else parts
        derived = {
            "total": total,
            "difference": total - parts,
            "net_sales": found["gross"] - found["discounts"] - found["tax_included"],
            "spend": total - found["refunded"],
        }
        return {name: derived[name] if name in derived else found[name] for name in SUMS}

    def _parts(self) -> Fraction:
        found = self._account
        return found["gross"] - found["discounts"] + found["service_charges"] + found["tax_added"]

    def _stated(self) -> int | None:
        """The total that the source states: none, the right one, or one that the parts do not add up to."""
        if self._rng.random() < 0.3:
            return None
        off = self._decimal() if self._rng.random() < 0.1 else Decimal(0)
        self.kinds |= {"stated"} | ({"a total that differs"} if off else set())
        self._account["stated"] = self._parts() + Fraction(off)
        exact = self._account["stated"]
        return to_minor(Decimal(exact.numerator) / Decimal(exact.denominator), self._currency)

    def _line(self, depth: int, counts: bool) -> Line:
        rng = self._rng
        void = rng.random() < 0.06
        counts = counts and not void
        price, quantity = self._decimal(), rng.choice(_QUANTITIES)
        if counts:
            self._account["gross"] += self._rounded(Fraction(price) * Fraction(quantity))
        self.kinds |= {"void line"} if void else {f"line at depth {depth}"}
        nested = range(rng.choice((0, 0, 0, 1, 2)) if depth < 2 else 0)
        return Line(
            name="Ribeye",
            amount=times(to_minor(price, self._currency), quantity),
            quantity=quantity,
            unit_price=to_minor(price, self._currency),
            void=void,
            modifiers=tuple(self._line(depth + 1, counts) for _ in nested),
            components=tuple(self._line(depth + 1, counts) for _ in nested if rng.random() < 0.3),
            discounts=tuple(self._comp(counts) for _ in self._some(0.08)),
        )

    def _comp(self, counts: bool) -> Discount:
        kind = self._rng.choice(("discount", "comp", "coupon", "loyalty"))
        amount = self._money("discounts" if counts else "nowhere", f"{kind} of a line")
        return Discount("Kitchen", amount, kind)  # type: ignore[arg-type]

    def _payment(self) -> Payment:
        tip = self._money("tips", "tip of a payment") if self._rng.random() < 0.4 else 0
        return Payment(amount=self._money("paid", "payment"), tip=tip)

    def _money(self, account: str, kind: str) -> int:
        """An amount as minor units, booked on the oracle's account as it was written."""
        written = self._decimal()
        self._account[account] += Fraction(written)
        self.kinds.add(kind)
        return to_minor(written, self._currency)

    def _decimal(self) -> Decimal:
        places = decimals(self._currency)
        return Decimal(self._rng.randrange(1, 10 ** (places + 3))).scaleb(-places)

    def _rounded(self, exact: Fraction) -> Fraction:
        """Half up, away from nought, to what the currency can hold."""
        unit = 10 ** decimals(self._currency)
        size = Fraction(floor(abs(exact) * unit + Fraction(1, 2)), unit)
        return size if exact >= 0 else -size

    def _some(self, chance: float) -> range:
        """None, one or two of something."""
        return range(self._rng.choice((1, 1, 2)) if self._rng.random() < chance else 0)
