"""The one way to ask the domain name system what a domain says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, Resolver

from app.kernel.errors import Transient

SECONDS = 5.0


class Names:
    """Asks this machine's name servers, or those given (IP addresses)."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53) -> None:
        self._resolver = Resolver(configure=not servers)
        self._resolver.lifetime = SECONDS
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The TXT records of a name, aliases followed; empty when it has none, None when neither it nor anything below it is there
        (RFC 8020). `Transient("dns_silent")` when nobody can tell."""
        try:
            answer = self._resolver.resolve(name, "TXT", raise_on_no_answer=False, search=False)
        except NXDOMAIN:
            return None
        except DNSException as error:
            raise Transient("dns_silent", type(error).__name__) from error
        told = cast("Iterable[object]", answer.rrset or ())
        records = [record for record in told if isinstance(record, TXT)]
        return tuple(b"".join(record.strings).decode("ascii", "replace") for record in records)
