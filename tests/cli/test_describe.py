"""What is said of checks and their parameters."""

from __future__ import annotations

import pytest

from pytest_readiness.bind.words import all_words
from pytest_readiness.cli.describe import Parameter, parameters
from pytest_readiness.core.domains import catalogue


@pytest.mark.parametrize(
    ("default", "description", "usual"),
    [
        (80, "share in use, in percent. 80: the usual alert.", "80"),
        ("1.2", "oldest version. 1.2: RFC 8996.", '"1.2"'),
        (["/"], "paths on the host. /: the root.", "[/]"),
        (False, "whether it must be so.", "false"),
        (None, "path on the host. Default: the target's `health`.", "the target's `health`"),
        (None, "variables to look at; unless given, all of the file.", "all of the file"),
        (None, f"a limit. Default: {'what it says ' * 9}.", f"{('what it says ' * 9)[:59]}…"),
        (None, "a limit in days.", "none"),
    ],
)
def test_what_a_check_takes_where_nothing_is_given(default: object, description: str, usual: str) -> None:
    assert Parameter("name", "type", required=False, default=default, description=description).usual == usual


def test_what_no_value_means_is_said_of_all_that_a_text_may_give() -> None:
    known = catalogue()
    unsaid = [
        f"{id} {each.name}"
        for id, words in all_words().items()
        if id in known
        for each in parameters(known[id])
        if each.name in (words.parameters or ()) and not each.required and each.default is None and each.usual == "none"
    ]
    # Of paths beside those that are looked at anyway, none is what it means.
    assert set(unsaid) <= {"http.exposed_files paths", "http.no_debug paths"}
