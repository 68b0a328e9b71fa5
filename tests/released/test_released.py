"""Repositories as teams have them: with nothing planted every item passes, and each fault fails exactly its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.released.world import NAMES, Fault, batches, load, run

BATCHES = [
    pytest.param(name, batch, id=f"{name}-{number}")
    for name in NAMES
    for number, batch in enumerate([[], *batches(load(name)[1])])
]


@pytest.mark.parametrize(("name", "batch"), BATCHES)
def test_each_fault_is_found_by_its_items_alone(name: str, batch: list[Fault], tmp_path: Path) -> None:
    wanted = {item: (*seen, fault.fault) for fault in batch for item, seen in fault.seen.items()}
    wrong = []
    for item, (state, message) in run(name, batch, tmp_path).items():
        expected, text, fault = wanted.pop(item, ("passed", "", "nothing planted"))
        if state != expected or text.casefold() not in message.casefold():
            wrong.append(f"{item}, {fault}: {state}, not {expected} with {text!r}: {message}")
    wrong += [f"{item} is no item" for item in wanted]
    assert not wrong, "\n".join(wrong)
