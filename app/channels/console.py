"""The development twin of every channel: keeps letters in memory and sends nothing."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from app.channels.base import Letter, Receipt

KEPT = 200

log = logging.getLogger(__name__)


class Console:
    """Remembers the last letters, for whoever develops or tests. What it logs names nobody."""

    slug = "console"

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=KEPT)

    def send(self, letter: Letter, commit: Callable[[], None]) -> Receipt:
        commit()
        self.letters.append(letter)
        log.info("letter kept, not sent: SMTP_URL is not set", extra={"channel": "console"})
        return Receipt(reply="kept in memory")

    def probe(self) -> None:
        """It can always be remembered."""
