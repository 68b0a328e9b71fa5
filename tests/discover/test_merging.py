"""What is one, and what it is called."""

from __future__ import annotations

from pytest_readiness.discover.found import Discovered
from pytest_readiness.discover.merging import merged, targets


def found(name: str, *same: str, section: str = "urls", target: str = "local", **fields: str) -> Discovered:
    return Discovered(section, name, fields, f"from-{name}", target, f"told-{name}", frozenset(same))


def test_what_shares_a_mark_is_one_and_the_first_counts() -> None:
    (one,) = merged([found("a", "x", url="1"), found("b", "y", url="2", health="/"), found("c", "x", "y", status="3")])
    assert one == Discovered(
        "urls",
        "a",
        {"url": "1", "health": "/", "status": "3"},
        "from-a, from-b, from-c",
        "local",
        "told-a; told-b; told-c",
        frozenset("xy"),
    )


def test_what_is_of_another_target_or_section_is_another() -> None:
    several = [found("a", "x"), found("a", "x", target="prod"), found("a", "x", section="hosts")]
    assert merged(several) == several
    assert targets(several) == ("local", "prod")


def test_names_are_told_apart() -> None:
    assert [each.name for each in merged([found("a"), found("a", url="2"), found("a-2")])] == ["a", "a-2", "a-2-2"]


def test_one_database_without_and_one_with_a_connection_string_are_one() -> None:
    bare = found("db", section="databases", engine="postgres")
    known = found("orders", section="databases", engine="postgres", dsn="${ORDERS}")
    other = found("users", section="databases", engine="postgres", dsn="${USERS}")
    assert [each.fields["dsn"] for each in merged([bare, known])] == ["${ORDERS}"]
    assert [each.name for each in merged([bare, known])] == ["db"]
    # Of two, nobody can say which is its.
    assert [each.fields["dsn"] for each in merged([bare, known, other])] == ["${DATABASE_URL}", "${ORDERS}", "${USERS}"]
