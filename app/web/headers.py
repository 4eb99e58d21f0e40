"""What every answer tells the browser not to do."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For pages of ours without script. A page that needs more says so itself; a storefront's block is not a page."""
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def protect(app: Flask, *, is_https: bool) -> None:
    """Put the headers on every answer that does not carry its own."""

    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        headers.setdefault("Cache-Control", "no-store")
        if is_https:
            headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        return response

    app.after_request(add)


USUAL_PORTS = {"http": 80, "https": 443}


def origin_of(address: str) -> str:
    """Scheme, host and port, as browsers write and compare them (RFC 6454): in ASCII and small letters, without the usual port."""
    parts = urlsplit(address)
    host = _in_ascii(parts.hostname or "")
    port = "" if parts.port in (None, USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _in_ascii(host: str) -> str:
    """A header holds nothing else. What is no name keeps its ASCII letters, and so fits nobody's origin."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("ascii", "ignore").decode("ascii")
