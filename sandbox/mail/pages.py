"""The mailbox: a list of letters, newest first, and each letter as HTML, as text and with its headers."""

from __future__ import annotations

import hashlib
import re

from flask import Flask, Response, abort, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.ledger import Mail
from sandbox.mail.sink import Letters, header, part, read, whole

TABS = ("html", "text", "headers")
SHOWN = 200
CAGE = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: http: https:; font-src data:; frame-ancestors 'self'"
)
"""A letter may show pictures and be clicked, and nothing else."""
OWN = "default-src 'self'; frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"


def application(letters: Letters) -> Flask:
    app = Flask(__name__, template_folder="templates", static_folder="static", static_url_path="/static")

    @app.get("/")
    def mailbox() -> Response:  # pyright: ignore[reportUnusedFunction]
        return _page("mailbox.html", rows=_rows(letters))

    @app.get("/rows")
    def rows() -> AnyResponse:  # pyright: ignore[reportUnusedFunction]
        answer = Response(render_template("rows.html", rows=_rows(letters)))
        answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
        answer.cache_control.no_cache = True
        return answer.make_conditional(request)

    @app.get("/m/<int:mail_id>")
    @app.get("/m/<int:mail_id>/<any(text, headers):tab>")
    def letter(mail_id: int, tab: str = "html") -> Response:  # pyright: ignore[reportUnusedFunction]
        mail, raw = _found(letters, mail_id)
        message = read(raw)
        return _page(
            "letter.html",
            mail=mail,
            sender=header(message, "From"),
            tab=tab,
            tabs=TABS,
            text=part(message, "plain"),
            headers=[(name, whole(str(value))) for name, value in message.raw_items()],
        )

    @app.get("/m/<int:mail_id>/body")
    def body(mail_id: int) -> Response:  # pyright: ignore[reportUnusedFunction]
        shown = part(read(_found(letters, mail_id)[1]), "html") or "<p>This letter has no HTML part.</p>"
        return Response(_outward(shown), mimetype="text/html", headers={"Content-Security-Policy": CAGE})

    @app.get("/m/<int:mail_id>/raw")
    def raw(mail_id: int) -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(_found(letters, mail_id)[1], mimetype="message/rfc822")

    return app


def _page(template: str, **values: object) -> Response:
    return Response(render_template(template, **values), headers={"Content-Security-Policy": OWN})


def _found(letters: Letters, mail_id: int) -> tuple[Mail, bytes]:
    mail = next((one for one in letters.ledger.mails() if one.id == mail_id), None)
    return (mail, letters.raw(mail_id)) if mail else abort(404)


def _rows(letters: Letters) -> list[dict[str, object]]:
    return [
        {"id": mail.id, "to": ", ".join(mail.to), "subject": mail.subject, "at": mail.at}
        for mail in letters.ledger.mails()[:SHOWN]
    ]


def _outward(shown: str) -> str:
    """Links open in a tab of their own, not in the frame."""
    base = '<base target="_blank">'
    opened, count = re.subn(r"<head[^>]*>", lambda found: found[0] + base, shown, count=1, flags=re.IGNORECASE)
    return opened if count else f"{base}{shown}"
