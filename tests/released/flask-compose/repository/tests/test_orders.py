from shop.orders import gross


def test_gross() -> None:
    assert gross(100) == 119


def test_gross_is_rounded() -> None:
    assert gross(1) == 1


def test_unknown_order(client) -> None:
    assert client.get("/orders/7").status_code == 404
