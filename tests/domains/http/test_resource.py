from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.http.resource import Url, UrlPath


@pytest.mark.parametrize("path", ["/", "/orders/?of=me&page=%20", "/größe", "//"])
def test_paths_that_are_asked_for(path: str) -> None:
    assert TypeAdapter(UrlPath).validate_python(path) == path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("orders", "must begin with a slash"),
        ("https://example.com/", "must begin with a slash"),
        ("/app#/orders", "must have no '#': what follows it is not asked of the server"),
        ("/my orders", "must have no spaces; write %20 for one"),
    ],
)
def test_paths_that_are_refused_are_refused_in_words(path: str, words: str) -> None:
    load_catalogue()
    with pytest.raises(ValidationError) as caught:
        CHECKS["browser.page_load"].parameters.model_validate({"path": path})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"url": "https://a b.example.com"}, "holds ' ': an address has no blanks"),
        ({"url": "https://shop.exam\tple.com"}, "an address has no blanks"),
        ({"url": "https://shop.example.com\n.example.org"}, "an address has no blanks"),
        ({"url": "https://shop.example.com/my orders"}, "write %20 for one"),
        ({"url": "https://%61.example.com"}, "no host has the sign '%'"),
        ({"url": "https://shop.example.com,b.example.com"}, "no host has the sign ','"),
        ({"url": "https://*.example.com"}, r"no host has the sign '\*'"),
        (
            {"url": "https://shop.example.com", "credentials": {"clerk": {"token": "swordfish\nX-Role: admin"}}},
            "the token ",
        ),
    ],
)
def test_an_address_that_would_be_read_as_another(declared: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Url.model_validate({"name": "shop", **declared})


@pytest.mark.parametrize(
    "url",
    ["https://bücher.example", "https://a_b.example.com", "https://[2001:db8::7]:8443", "https://shop.example.com./ä"],
)
def test_an_address_that_can_be_asked(url: str) -> None:
    assert Url(name="shop", url=url).url == url
