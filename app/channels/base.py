"""The seam to a way of reaching a shopper: a composed letter out, a receipt back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message ready to hand over. `key` is the ledger row's own key: it makes the Message-ID and any provider's key. `reply_to`
    is where somebody reads the answers, empty for nowhere in particular."""

    key: str
    recipient: str
    sender_name: str
    sender_address: str
    subject: str
    html: str
    text: str
    language: str
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other side took it. `reply` is its own word (an SMTP reply, a provider's id), never personal data."""

    reply: str = ""


class Channel(Protocol):
    slug: str

    def send(self, letter: Letter, commit: Callable[[], None]) -> Receipt:
        """Hand over once. `commit` is called once, at the last moment at which it is certain that nothing was handed over yet;
        what it raises stops the handing over. `Transient`: not taken, may be later. `Permanent`: refused. `Uncertain`: nobody
        can know."""
        ...

    def probe(self) -> None:
        """Whether a letter could be handed over now, without handing one over. `Transient` when not."""
        ...
