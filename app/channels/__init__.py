"""Every way of reaching a shopper, by its slug: a factory that gives the real thing, or its twin where nothing is set up."""

from collections.abc import Callable

from app.channels import email
from app.channels.base import Channel
from app.kernel.config import Settings

CHANNELS: dict[str, Callable[[Settings], Channel]] = {"email": email.channel_for}
