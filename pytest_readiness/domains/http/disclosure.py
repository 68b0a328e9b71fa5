"""How much of a document an answer holds that refuses it: a status alone keeps nothing secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

MUCH = 0.5
"""Share of a document from which on a refusal has shown it."""
_ELEMENT = re.compile(r"<[/!A-Za-z][^<>]{0,500}>")
_PIECE = re.compile(r"[^{}\[\],\n]{2,500}")


def shown_of(document: str, refusal: str, common: Iterable[str] = ()) -> float:
    """The share of a document's own pieces that is in a refusal, from 0 to 1.

    Args:
        document: text of what a right credential gets.
        refusal: text of the answer that refuses it.
        common: texts of other pages of the site, whose pieces are not the document's own: its head, menu and foot.
    """
    own = _pieces(document).difference(*map(_pieces, common))
    return len(own & _pieces(refusal)) / len(own) if own else 0.0


def _pieces(text: str) -> set[str]:
    # Where JSON is written with blanks or without is no difference.
    found = ("".join(piece.split()) for piece in _PIECE.findall(_ELEMENT.sub("\n", text)))
    return {piece for piece in found if len(piece) > 1}
