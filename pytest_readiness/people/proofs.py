"""Files that sign-offs rest on: whether there is something in them, and whether they belong to the project."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pytest_readiness.checklist.markdown import Node, parse, plain, source_of
from pytest_readiness.core.text import says_nothing

_ROOTS = (".git", "readiness.yaml")
_CHUNK = 1 << 20
_MARKDOWN = (".md", ".markdown")
_LONGEST_TITLES = 1 << 14
_POINTERS = {
    b"version https://git-lfs.github.com/spec/": "Git LFS and not the file itself; fetch that ('git lfs pull')",
    b"/annex/objects/": "git-annex and not the file itself; fetch that ('git annex get')",
}
_EMPTY = {
    b"{}": "holds nothing",
    b"[]": "holds nothing",
    b"null": "holds nothing",
    b"PK\x05\x06": "is an archive with nothing in it",
}
"""What begins a file that is not empty and holds nothing; of what is longer than an archive's end, it is a part."""
_LONGEST_EMPTY = 22
_DVC = re.compile(rb"\A(?:#[^\n]*\n|\s)*(?:md5:[^\n]*\n|frozen:[^\n]*\n)*(?:outs|deps):\s*\n", re.ASCII)
"""How a file of DVC begins."""


class Unusable(Exception):
    """A file that is no evidence; the message is a clause after its name."""


def digest_of(path: Path, folder: Path) -> str:
    """Return the SHA-256 of a file of evidence.

    Args:
        path: the file.
        folder: that of the sign-offs: what is not in its project may change, or be gone, where others look.

    Raises:
        Unusable: it is not there, not a file, cannot be read, holds nothing, or lies outside of the project.
    """
    try:
        whole, root = path.resolve(strict=True), _root(folder.resolve())
        if whole.is_dir():
            raise Unusable("is a folder, and has to be a file")
        if not whole.is_file():
            raise Unusable("is not a file")
        if not whole.is_relative_to(root):
            raise Unusable(f"is outside of the project, in {whole.parent}; copy it into {root}")
        digest, blank = hashlib.sha256(), True
        with whole.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if blank and (kind := _stands_for(whole, chunk)):
                    raise Unusable(kind)
                if blank and _is_unwritten(whole, chunk):
                    raise Unusable("says nothing beside titles, comments and what is still to be filled in")
                digest.update(chunk)
                blank = blank and not chunk.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable("does not exist") from None
    except (OSError, RuntimeError, ValueError) as error:
        # A loop of links, and a name that no file can have.
        raise Unusable(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if blank:
        raise Unusable("is empty")
    return digest.hexdigest()


def _stands_for(path: Path, begin: bytes) -> str:
    """What a file, which begins so, is instead of the evidence, as a clause; "" where it may be the evidence itself."""
    for beginning, kind in _POINTERS.items():
        if begin.startswith(beginning):
            return f"is a pointer of {kind}"
    if path.suffix == ".dvc" and _DVC.match(begin[:_LONGEST_TITLES]):
        return "is a pointer of DVC and not the file itself; fetch that ('dvc pull'), and name it"
    if len(begin) <= _LONGEST_EMPTY:
        return next((kind for mark, kind in _EMPTY.items() if begin.strip(b"\xef\xbb\xbf \t\r\n\0") == mark), "")
    return ""


def _is_unwritten(path: Path, begin: bytes) -> bool:
    """Whether a document of Markdown, or a short text, which begins so, has nothing yet but its titles or a "TODO"."""
    if len(begin) > _LONGEST_TITLES:
        return False
    text = begin.decode("utf-8", "replace")
    if path.suffix.lower() not in _MARKDOWN:
        return bool(text.strip()) and says_nothing(text)
    blocks = parse(source_of(text, fenced=False)).children
    return bool(blocks) and all(map(_is_no_text, blocks))


def _is_no_text(block: Node) -> bool:
    if block.type == "paragraph":
        return says_nothing(plain(block.children[0])) and all(
            token.type != "image" for token in block.children[0].tokens
        )
    if block.type in ("bullet_list", "ordered_list", "list_item"):
        return all(map(_is_no_text, block.children))
    comment = (
        block.type == "html_block" and block.content.strip().startswith("<!--") and block.content.count("<!--") == 1
    )
    return block.type in ("front_matter", "heading", "hr") or (comment and block.content.strip().endswith("-->"))


def _root(folder: Path) -> Path:
    """The folder of the repository that a folder is in; without one that of readiness.yaml, or itself."""
    for name in _ROOTS:
        for above in (folder, *folder.parents):
            if (above / name).exists():
                return above
    return folder
