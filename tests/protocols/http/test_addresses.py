from __future__ import annotations

import pytest

from pytest_readiness.protocols.http.addresses import is_login, joined

PAGE = "https://shop.example.com/a/b"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("/x", "https://shop.example.com/x"),
        ("x?y=\\#z\\", "https://shop.example.com/a/x?y=\\#z\\"),
        (" /x\n/y\t ", "https://shop.example.com/x/y"),
        ("\\x", "https://shop.example.com/x"),
        ("..\\x", "https://shop.example.com/x"),
        ("\\\\cdn.example.com\\x", "https://cdn.example.com/x"),
        ("https:\\\\cdn.example.com\\x", "https://cdn.example.com/x"),
        ("mailto:a\\b@example.com", "mailto:a\\b@example.com"),
        ("", PAGE),
        ("https://[::1", ""),
        ("https://x:port/", ""),
    ],
)
def test_addresses_are_read_as_browsers_do(written: str, address: str) -> None:
    assert joined(PAGE, written) == address


@pytest.mark.parametrize(
    "address", ["/login?next=/a", "https://sso.shop.example/", "/account/sign-in", "/oauth2/start"]
)
def test_a_login_is_known_by_its_address(address: str) -> None:
    assert is_login(address)


@pytest.mark.parametrize("address", ["/", "/files/1", "/blog/in", "/cascade", "https://shop.example/authors"])
def test_other_addresses_are_no_login(address: str) -> None:
    assert not is_login(address)
