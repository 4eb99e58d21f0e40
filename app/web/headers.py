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


def origin_of(address: str) -> str:
    """Scheme, host and port, as browsers compare them (RFC 6454)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
