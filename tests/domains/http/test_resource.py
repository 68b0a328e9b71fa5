from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.http.resource import UrlPath


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
