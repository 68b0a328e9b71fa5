"""Files as people leave them half edited: none of them ends the command, and no secret comes out of one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.merging import merged
from pytest_readiness.discover.writing import Draft, kept, problems
from tests.discover.application import PLANTED

PIECES = (
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "  ",
    "null",
    "!!x ",
    "&a ",
    "*a",
    "${",
    "$",
    "\t",
    "'",
    '"',
    "0x",
    "é",
    "@",
    ":80",
)


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(0, 5)):
        at = chance.randrange(len(text) + 1)
        if chance.random() < 0.5:
            text = f"{text[:at]}{chance.choice(PIECES)}{text[at:]}"
        else:
            text = f"{text[:at]}{text[at + chance.randint(1, 12) :]}"
    return text


def test_half_edited_files_make_a_file_that_loads(shop: Path, look: Callable[..., Survey]) -> None:
    chance = random.Random(1)
    files = {path: path.read_text("utf-8") for path in shop.rglob("*") if path.is_file() and ".git/" not in str(path)}
    for _ in range(40):
        for path, text in files.items():
            # A line of an inventory begins with a host, whatever it says.
            path.write_text(mutated(text, chance) if path.suffix != ".ini" else text, "utf-8")
        found = look(DATABASE_URL=f"postgres://u:{PLANTED}@localhost/x")
        good, refused = kept(merged(found.found), shop)
        draft = Draft("suite:starter", roles=("operations",), found=good, hints=found.hints, people=found.people)
        assert problems(draft, shop) == []
        assert PLANTED not in f"{draft.text()}{found.skipped}{refused}".lower()
