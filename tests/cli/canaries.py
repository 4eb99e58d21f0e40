"""Values that exist nowhere else, planted where people put theirs, and looked for where none may be."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field

from sandbox.things import Address, Person

MARK = "Zq"
"""Begins every planted word, so that a single search finds all of them."""


@dataclass(slots=True)
class Canaries:
    """Each value once, by what it pretends to be."""

    planted: dict[str, str] = field(default_factory=dict[str, str])

    def word(self, kind: str) -> str:
        return self._plant(f"{MARK}{secrets.token_hex(6)}", kind)

    def mail(self) -> str:
        return self._plant(f"{MARK.lower()}{secrets.token_hex(6)}@canary.example", "e-mail")

    def phone(self) -> str:
        return self._plant(f"+49151{secrets.randbelow(10**9):09d}", "phone")

    def person(self, ref: int = 0) -> Person:
        """A buyer of whom every line is planted."""
        return Person(
            email=self.mail(),
            language="de",
            ref=ref,
            address=Address(
                first_name=self.word("first name"),
                last_name=self.word("last name"),
                street=f"{self.word('street')} 4",
                extra=self.word("address line"),
                city=self.word("city"),
                postcode="50667",
                country="DE",
                company=self.word("company"),
                phone=self.phone(),
            ),
        )

    def found_in(self, text: str) -> Counter[str]:
        """How many different values of each kind a text shows, in whatever case and however a phone number is spaced."""
        flat = text.casefold()
        digits = re.sub(r"(?<=\d)[ \-/]+(?=\d)", "", flat)
        return Counter(
            kind
            for value, kind in self.planted.items()
            if value.casefold() in flat or (kind == "phone" and value.removeprefix("+") in digits)
        )

    def _plant(self, value: str, kind: str) -> str:
        self.planted[value] = kind
        return value
