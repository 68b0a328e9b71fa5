from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.domains.dns.resource import Domain


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"nameservers": ["ns1.example.com"]}, "must be an IP address"),
        ({"nameservers": ["192.0.2.1:dns"]}, "Port could not be cast|port"),
        ({"resolvers": ["192.0.2.1/24"]}, "must be an address or a name"),
        ({"resolvers": [""]}, "must be an address or a name"),
        ({"rdap": "rdap.example.com"}, "must be the address of an RDAP service"),
        ({"rdap": "https://rdap.example.com/?x"}, "must be the address of an RDAP service"),
    ],
)
def test_declarations_that_are_wrong(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Domain(name="shop", domain="good.test", **fields)


def test_declarations() -> None:
    places = ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"]
    assert Domain(name="shop", domain="good.test", nameservers=places, resolvers=[*places, "dns.example.com:53"])
