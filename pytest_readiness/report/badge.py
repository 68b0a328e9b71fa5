"""The verdict as a badge: an SVG of two fields."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from pytest_readiness.core.redact import printable
from pytest_readiness.report.phrases import decision, is_go
from pytest_readiness.verdict.outcome import Outcome

LABEL = "readiness"
WIDTH, PADDING, HEIGHT = 7, 6, 20
"""Of a character, beside the words, and of the badge, in pixels."""
GO, NO_GO, NEITHER, BESIDE = "#1b7a32", "#b3261e", "#7a5200", "#444444"
"""Colours on which white can be read (a contrast of at least 4.5)."""


def badge(outcome: Outcome) -> str:
    """Return the badge: "readiness: GO 92 %". The percentage is rounded down."""
    verdict = outcome.verdict
    score = "" if verdict.score is None else f" {int(verdict.score)} %"
    word = printable(decision(outcome))
    message = f"{word}{score}"
    colour = GO if is_go(outcome) else NO_GO if word == "NO-GO" else NEITHER
    title = f"{LABEL}: {message}"
    left, right = (2 * PADDING + WIDTH * len(words) for words in (LABEL, message))
    texts = "".join(
        f'<text x="{x + PADDING}" y="14" textLength="{width - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(words)}</text>"
        for x, width, words in ((0, left, LABEL), (left, right, message))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
        f"aria-label={quoteattr(title)}>"
        f"<title>{escape(title)}</title>"
        f'<rect width="{left}" height="{HEIGHT}" fill="{BESIDE}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{colour}"/>'
        f'<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    )
