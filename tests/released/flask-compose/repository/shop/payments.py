"""Payments by the provider's API."""

from __future__ import annotations

import logging

import requests

log = logging.getLogger(__name__)
ADDRESS = "https://api.stripe.com/v1/payment_intents"


class Declined(Exception):
    """The provider has declined the payment."""


def charge(key: str, cents: int, order: int) -> str:
    """Charge an order; the provider's id of the payment."""
    if cents <= 0:
        raise ValueError("An order costs something.")
    try:
        answer = requests.post(
            ADDRESS,
            auth=(key, ""),
            data={"amount": cents, "currency": "eur", "metadata[order]": order},
            headers={"Idempotency-Key": f"order-{order}"},
            timeout=10,
        )
    except requests.ConnectionError:
        log.exception("The provider cannot be reached for order %s", order)
        raise
    if answer.status_code == 402:
        log.warning("Order %s was declined", order)
        raise Declined(str(order))
    answer.raise_for_status()
    return str(answer.json()["id"])
