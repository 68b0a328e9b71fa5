"""Files are written whole, by name and by the umask."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_readiness.core.files import write_atomically


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "new" / "file", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == mode


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("other")
    link = tmp_path / "file"
    link.symlink_to("other")
    write_atomically(link, "text")
    assert (tmp_path / "other").read_text() == "other"
    assert not link.is_symlink()
    assert link.read_text() == "text"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "file", "text")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "other", "\udcff")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
