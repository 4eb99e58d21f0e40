"""What the demo's merchants do in their console: enter by the link, look at each message, and switch it on by its form."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from app.jobs.followups import FOLLOWUPS
from app.kernel.http import Answer
from sandbox.demo.house import House
from sandbox.demo.telling import Trouble

TOKEN = re.compile(rb'name="token" value="([^"]+)"')


def switch_on(house: House) -> None:
    """Every message of every shop. A second time changes nothing."""
    with house.tell.step("Switching the messages on, in the console") as step:
        browser = _Browser(house)
        for shop in house.shops.values():
            browser.switch_on_all(shop)
        step.note(f"{len(FOLLOWUPS)} in each shop")


class _Browser:
    """As much of one as forms without script need."""

    def __init__(self, house: House) -> None:
        self._house, self._cookie = house, ""
        entered = self._ask("GET", house.cli("login-link"), expected=303)
        cookie = SimpleCookie(entered.headers["set-cookie"])
        self._cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookie.items())

    def switch_on_all(self, shop: str) -> None:
        for slug in FOLLOWUPS:
            page = f"{self._house.public_url}/console/{shop}/messages/{slug}"
            found = TOKEN.search(self._ask("GET", page).body)
            if found is None:
                raise Trouble(f"{page} has no form", self._house.folder / "logs/web.log")
            self._ask("POST", page, {"token": found.group(1).decode(), "do": "on"}, expected=303)

    def _ask(self, method: str, url: str, form: dict[str, str] | None = None, expected: int = 200) -> Answer:
        headers = {"content-type": "application/x-www-form-urlencoded", "cookie": self._cookie}
        answer = self._house.http.call(method, url, headers=headers, body=urlencode(form or {}).encode())
        if answer.status != expected:
            raise Trouble(f"{method} {url} answered {answer.status}", self._house.folder / "logs/web.log")
        return answer
