from __future__ import annotations

import pytest

from pytest_readiness.protocols.http.addresses import joined

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
