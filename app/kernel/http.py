"""The one way out: every HTTP call of the house, with timeouts, a size cap and no way to addresses that are not public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Http:
    """Speaks HTTP for the whole house. It never follows redirects and never retries: its callers know what may be repeated."""

    def __init__(self, *, allow_private_addresses: bool = False) -> None:
        self.allow_private_addresses = allow_private_addresses

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        read_timeout: float = 30.0,
        max_bytes: int = 32 * 1024 * 1024,
    ) -> Answer:
        """One request, one answer, any status. `Transient` for no connection, a time-out or a cut answer ("unreachable",
        "timed_out", "cut_off"); `Permanent` for an address that is not public ("forbidden_address"), a bad certificate
        ("bad_certificate") or an answer over `max_bytes` ("answer_too_big")."""
        raise NotImplementedError
