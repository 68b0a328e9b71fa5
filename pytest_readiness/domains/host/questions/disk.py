"""Mounted file systems."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class Filesystem:
    """A mounted file system.

    Attributes:
        path: where it is mounted.
        type: ext4, xfs …
        device: number of the device, the same for all mounts of one file system.
        free_bytes: what is left for users other than root.
        used_pct: share in use, as `df` counts it: of what users other than root can use at all.
        inodes_used_pct: share of inodes in use; None where the file system has no fixed number.
        read_only: whether the file system itself is read-only, though /etc/fstab does not say so.
    """

    path: str
    type: str
    device: str
    free_bytes: int
    used_pct: float
    inodes_used_pct: float | None
    read_only: bool = False


def _filesystems(text: str) -> tuple[Filesystem, ...]:
    found: dict[str, Filesystem] = {}
    for line in text.splitlines():
        escaped, *fields = line.split(" ")
        path = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), escaped)
        read_only = fields[8:] == ["read-only"]
        if len(fields) != 8 and not read_only:
            raise Unread(f"the size of {path} is not known", unless_told=True)
        each = replace(_filesystem(path, *fields[:8]), read_only=read_only)
        known = found.get(each.device)
        if known is None or len(path) <= len(known.path):
            found[each.device] = each
    return tuple(sorted(found.values(), key=lambda each: each.path))


def _filesystem(path: str, type_: str, device: str, *figures: str) -> Filesystem:
    size, blocks, free, available, inodes, inodes_free = map(int, figures)
    used = blocks - free
    return Filesystem(
        path=path,
        type=type_,
        device=device,
        free_bytes=available * size,
        used_pct=100 * used / (used + available) if used + available else 100.0,
        inodes_used_pct=100 * (inodes - inodes_free) / inodes if inodes else None,
    )


DISK = Question("disk", "the file systems", Path(__file__).with_name("disk.sh"), _filesystems)
"""Every real local file system once, sorted by path; or, with a mount point, what is mounted there (nothing: empty)."""
