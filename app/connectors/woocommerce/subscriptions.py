"""Making the store send its webhooks to us, once each."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.connectors.base import Subscribed
from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.deliveries import TOPICS
from app.connectors.woocommerce.paging import read_whole
from app.connectors.woocommerce.reading import ref, text


def subscribe(client: Client, callback_url: str, secret: str) -> Subscribed:
    """One active webhook a topic, signed with our secret. What is ours is known by the path of its address: the shop's public id
    stands in it, and stays when the app moves to another host.

    A store disables a webhook after failures. Activating it again would leave its count at the brink, and nobody can read its
    secret: one that does not run is replaced, one that runs is told the secret once more (which sends no ping).
    """
    hooks_there = read_whole(client, "webhooks", {})
    ours = [hook for hook in hooks_there if _path(text(hook.get("delivery_url"))) == _path(callback_url)]
    in_order = removed = 0
    for topic in TOPICS:
        hooks = {ref(hook.get("id")): hook for hook in ours if hook.get("topic") == topic}
        kept = next((hook_id for hook_id, hook in hooks.items() if hook.get("status") == "active"), None)
        wanted = {"name": f"Encore {topic}", "topic": topic, "delivery_url": callback_url, "secret": secret}
        if kept:
            client.write("PUT", f"webhooks/{kept}", wanted)
            in_order += hooks[kept].get("delivery_url") == callback_url
        else:
            client.write("POST", "webhooks", {**wanted, "status": "active"})
        for hook_id in hooks.keys() - {kept}:
            client.write("DELETE", f"webhooks/{hook_id}", params={"force": "true"})  # there is no bin for webhooks
            removed += 1
    return Subscribed(in_order=in_order, mended=len(TOPICS) - in_order, removed=removed)


def _path(url: str) -> str:
    return urlsplit(url).path
