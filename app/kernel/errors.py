"""The two ways a thing can fail, and the one place's question to them: again, or never?"""

from __future__ import annotations


class Failure(Exception):
    """Something outside did not do what was asked.

    `code` is a short stable word for rows, logs and the console ("rate_limited", "bad_key"). It never holds personal data:
    a failure is logged and shown, so neither a body nor an address may travel in it.
    """

    def __init__(self, code: str, hint: str = "") -> None:
        super().__init__(f"{code}: {hint}" if hint else code)
        self.code = code
        self.hint = hint


class Transient(Failure):
    """It may work later. `retry_after` is the wait in seconds that the other side asked for, or None."""

    def __init__(self, code: str, hint: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code, hint)
        self.retry_after = retry_after


class Permanent(Failure):
    """It will not work by itself: stop and tell the merchant."""


class Uncertain(Failure):
    """It may have happened: never repeat it blind (RFC 1047 for mail; a lost answer for any write)."""


class BadSignature(Permanent):
    """The sender could not prove who he is."""

    def __init__(self, hint: str = "") -> None:
        super().__init__("bad_signature", hint)
