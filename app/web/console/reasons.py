"""A sentence for every code by which something was skipped, ignored, refused or stopped."""

from __future__ import annotations

SKIPPED = {
    "switched_off": "This kind of message was switched off when it was due.",
    "stale": "Its cause was more than three days old.",
    "order_unknown": "The order is not known any more.",
    "order_cancelled": "The order was called off.",
    "shipment_cancelled": "The parcel was called off.",
    "already_delivered": "The parcel had already arrived.",
    "already_returned": "The parcel was already on its way back.",
    "handed_over": "The buyer got it in the shop: nothing is on its way.",
    "marketplace": "It was bought at a marketplace, which writes to its shoppers itself.",
    "no_address": "No address is known to write to.",
    "circuit_breaker": "This recipient got 20 messages within a day; nothing more is sent until somebody has looked.",
}

IGNORED = {
    "unknown_topic": "A kind of news that is not known.",
    "later": "A kind of news that nothing is done about yet.",
    "not_followed_yet": "A kind of news that nothing is done about yet.",
    "staff": "Somebody who works at the shop, and no customer of it.",
    "nothing_new": "It holds nothing to act on.",
    "checkout_draft": "Somebody is still at the checkout: no order yet.",
    "rest_error": "An error came in an order's place: the keys may no longer read orders. Connect it again with keys that may.",
}

REFUSED = {
    "too_old": "It was kept longer than bodies are, and never read.",
    "not_json": "It was not readable as JSON.",
    "unexpected_body": "It did not hold what its kind promises.",
    "unreadable_product": "It holds a product without the fields every product has.",
    "unreadable_customer": "It holds a customer without the fields every customer has.",
    "unreadable_coupon": "It holds a discount code without the fields every one has.",
    "unreadable_order": "It holds an order without the fields every order has.",
}

STOPPED = {
    "database_busy": "The database was busy with something else; it is tried again by itself.",
    "restored": "It may have been done already before the shop was restored here: look before it goes on.",
    "dns_silent": "The name servers of this machine did not answer.",
    "no_outcome": "It was begun three times and never came to an end. Should it stop again, please report it.",
    "no_answer_recorded": "A worker stopped while handing it over. Nobody knows whether it arrived, so it is not repeated.",
    "no_reply_after_handover": "The mail server took it and then fell silent. It may have arrived, so it is not repeated.",
    "bad_key": "The store does not accept the keys any more. Connect it again with fresh ones.",
    "bad_secret": "The store does not accept the keys any more. Connect it again with fresh ones.",
    "keys_refused": "The store does not accept the keys any more. Connect it again with fresh ones.",
    "unauthorized": "The store does not accept the keys any more. Connect it again with fresh ones.",
    "token_revoked": "The app was uninstalled or its key replaced: connect the store again.",
    "token_not_expiring": "The store takes only keys that expire: connect the store again.",
    "key_cannot_read": "The store's keys may not read. Connect it again with keys that may.",
    "key_cannot_write": "The store's keys may only read. Connect it again with keys that may write, too.",
    "scope_missing": "The store does not let these keys read that. Connect it again with keys that may.",
    "forbidden": "The store does not let these keys read that. Connect it again with keys that may.",
    "data_not_approved": "The platform has not approved this app for its customers' data yet. Whoever runs Encore asks for it.",
    "store_frozen": "The store's plan is not paid. Once it is, let this be tried again.",
    "store_locked": "The platform has locked the store. Ask its support why.",
    "not_a_store": "The store does not answer at its address. If it has moved, connect it again where it is now.",
    "no_route": "The store's permalinks are set to Plain, and then it takes no keys. Choose any other kind.",
    "not_found": "The store does not answer at its address. If it has moved, connect it again where it is now.",
    "bad_certificate": "The certificate of the other side is not valid. Whoever runs that server renews it.",
    "forbidden_address": "The store's address does not lead to the public internet. Connect it again at its public one.",
    "redirected": "The store has moved to another address. Connect it again there.",
    "nonce_used": "The store asked to come back later.",
    "changed_meanwhile": "It changed while it was read, and is read again.",
    "paging_refused": "The store does not give its orders page by page.",
    "not_understood": "The answer could not be read.",
    "unexpected_answer": "The answer could not be read.",
    "answer_too_big": "The answer was too big.",
    "rate_limited": "The store asked to come back later.",
    "throttled": "The store asked to come back later.",
    "store_down": "The store is not reachable just now.",
    "store_unavailable": "The store is not reachable just now.",
    "unreachable": "The other side did not answer.",
    "timed_out": "The other side took too long to answer.",
    "cut_off": "The connection broke in the middle of an answer.",
    "mail_server_unreachable": "The mail server did not answer. Should that last, whoever runs Encore looks at SMTP_URL.",
    "mail_server_dropped": "The mail server hung up before it had taken it.",
    "bad_address": "No mail server could read the buyer's address. Ask for another one.",
    "mail_login_refused": "The mail server does not accept the user or the password. Whoever runs Encore corrects SMTP_URL.",
    "mail_server_not_encrypted": "The mail server offers no encryption. Whoever runs Encore names another one in SMTP_URL.",
    "mail_server_not_trusted": "The mail server's certificate is not valid. Whoever runs that server renews it.",
    "text_missing": "A text is missing in this language. Whoever runs Encore adds it in copy/.",
    "text_unusable": "A text could not be rendered. Whoever runs Encore mends it in copy/.",
    "value_missing": "A text counts on something that is not known of this order.",
    "letter_too_big": "It would have been too long for a mailbox.",
    "order_missing": "The store no longer has this order.",
    "unknown_line": "The store's order has no such line.",
    "other_currency": "The order was paid in another currency.",
    "no_amount": "No amount was named.",
    "nothing_to_refund": "Nothing is left of this order to give back.",
    "too_much": "It is more than what was paid and not yet given back.",
    "more_than_was_paid": "It is more than what was paid and not yet given back.",
    "refund_refused": "The store would not give the money back.",
    "unmarked_refund": "The store shows a refund that could be this one. Look into the store before you repeat it.",
    "outcome_unknown": "The store was asked and nobody knows what it did. Look into the store before you repeat it.",
    "answer_lost": "The store was asked and its answer was lost. It is looked up, never repeated blind.",
    "key_in_use": "The store is still at work on it.",
    "sealed_value_unreadable": "A stored key cannot be opened. Put back the key of SECRET_KEYS that is gone, or connect again.",
}

NO_SUCH_MAILBOX = frozenset({"550", "551", "553"})
"""Answers of a mail server by which it most often says that nobody lives there (RFC 5321, 4.2.3)."""

SENTENCES = {**STOPPED, **REFUSED, **IGNORED, **SKIPPED}


def reason(code: str) -> str:
    """A sentence for a code; one without a sentence is shown as it is, so that nothing is hidden."""
    if code.startswith("smtp_"):
        answer = code.removeprefix("smtp_")
        return f"The mail server answered {answer}.{' Most often there is no such mailbox.' if answer in NO_SUCH_MAILBOX else ''}"
    return SENTENCES.get(code) or f"{code.replace('_', ' ').capitalize()}."
