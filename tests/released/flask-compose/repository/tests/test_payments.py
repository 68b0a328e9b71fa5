import pytest

from shop.payments import charge


def test_nothing_is_charged() -> None:
    with pytest.raises(ValueError, match="costs something"):
        charge("key", 0, 1)


def test_declined_card(client) -> None:
    # The card number with which the provider's sandbox declines.
    card = "4000 0000 0000 0002"
    answer = client.post("/orders/", json={"mail": "customer@example.com", "card": card})
    assert answer.status_code == 400
