"""Names that kinds and facts may have: each is the name of a fixture, and a fixture has one meaning."""

from __future__ import annotations

from keyword import iskeyword

FIXTURES = frozenset(
    (
        *("cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "capteesys", "doctest_namespace"),
        *("monkeypatch", "pytestconfig", "record_property", "record_testsuite_property", "record_xml_attribute"),
        *("recwarn", "request", "subtests", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory"),
        *("LineMatcher", "linecomp", "pytester", "testdir"),
        *("host", "target"),
    )
)
"""Fixtures of pytest and of testinfra, and the parameter that gets the whole target."""


def refusal(name: str, what: str) -> str:
    """Return why a fact or kind (`what`) cannot have this name, as a sentence, or ""."""
    if name in FIXTURES:
        return f"'{name}' is not a name for a {what}; it is that of a fixture that means something else. Rename it."
    if not name.isidentifier() or iskeyword(name):
        return f"'{name}' is not a name for a {what}; no parameter can be named so. Rename it."
    return ""
