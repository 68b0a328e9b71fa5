"""What a page of HTML says about itself, as far as checks ask for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["script", "style", "image", "font", "media", "manifest", "other", "object", "frame", "form", "link"]
"""What a browser takes an address for; it loads all but the last two by itself."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script element.

    Attributes:
        src: address as written; "" for one that is in the page itself.
        integrity: its hashes as written, or "".
    """

    src: str
    integrity: str


@dataclass(frozen=True, slots=True)
class MarkupReference:
    """An address that a page or its style names.

    Attributes:
        kind: see `Kind`.
        address: as written.
        certain: every browser loads it; not so for alternatives, hints, media, and what a style may or may not need.
    """

    kind: Kind
    address: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Markup:
    """What was found in a page.

    Attributes:
        scripts: in the page's order.
        equivalents: content of each `<meta http-equiv=…>` that browsers heed, with its name in lower case.
        names: content of each `<meta name=…>` that browsers heed, with its name in lower case.
        policies: content of each Content-Security-Policy that browsers heed: in the head, before any script.
        references: in the page's order.
        base: what addresses are relative to, as written; "" for the page itself.
        inline: what is in script elements, also of the pages in `srcdoc`.
        data: attributes that hold data or code for scripts (`data-…`, `on…`, JSON), each as `name="value"`.
        text: what is outside scripts and styles, with white space collapsed.
        shown: that of it which is not hidden, as `hides` tells.
    """

    scripts: tuple[Script, ...]
    equivalents: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]
    policies: tuple[str, ...]
    references: tuple[MarkupReference, ...]
    base: str
    inline: tuple[str, ...]
    data: tuple[str, ...]
    text: str
    shown: str


def parse(page: str) -> Markup:
    """Read a page as browsers do: any page can be parsed."""
    reader = _read(page)
    # Pages within the page, whose scripts run and whose resources are loaded with it.
    inner = [_read(text) for text in reader.pages]
    references = [each for one in (reader, *inner) for each in one.references]
    made = Markup(
        scripts=tuple(reader.scripts),
        equivalents=tuple(reader.equivalents),
        names=tuple(reader.names),
        policies=tuple(reader.policies),
        references=tuple(each for each in references if each.address),
        base=reader.base,
        inline=tuple(each for one in (reader, *inner) for each in one.inline),
        data=tuple(each for one in (reader, *inner) for each in one.held),
        text=" ".join("".join(reader.text).split()),
        shown=" ".join("".join(reader.shown).split()),
    )
    # lxml's parser keeps them in a cycle until garbage is looked for, which may be long after.
    for each in (reader, *inner):
        vars(each).clear()
    return made


def _read(page: str) -> _MarkupReader:
    from lxml.etree import HTMLParser

    reader = _MarkupReader()
    if page.strip():
        parser = HTMLParser(target=reader)  # type: ignore[call-overload]  # the stubs want every method there may be
        parser.feed(page)
        parser.close()
    return reader


_CSS = re.compile(
    r"""@import\s+(?:url\(\s*)?["']?(?P<sheet>[^"')\s;]+)|url\(\s*+(?:"([^"]*)"|'([^']*)'|([^"'()\s]*))\s*+\)"""
)


_CSS_NOTHING = re.compile(r"(?s)/\*.*?(?:\*/|\Z)|@(?i:namespace)\b[^;{}]*")
"""Comments, and the names of namespaces, which are written as addresses and never loaded."""
_IMAGE_SET = re.compile(r"\b(?i:image-set)\(([^()]*+(?:\([^()]*+\)[^()]*+)*+)")


def style_references(style: str) -> Iterator[MarkupReference]:
    """What a style sheet loads."""
    style = _CSS_NOTHING.sub("", style)
    for found in _CSS.finditer(style):
        if found["sheet"]:
            yield MarkupReference("style", found["sheet"])
        else:
            yield _of_style(found[2] or found[3] or found[4] or "")
    for images in _IMAGE_SET.finditer(style):
        # In it, a text is an address as url() is; type("image/avif") is none.
        for text in re.finditer(r"""(?:\A|,)\s*+(?:"([^"]*+)"|'([^']*+)')""", images[1]):
            yield _of_style(text[1] or text[2] or "")


def _of_style(address: str) -> MarkupReference:
    font = re.search(r"\.(woff2?|ttf|otf|eot)([?#]|$)", address)
    return MarkupReference("font" if font else "image", address, certain=False)


_SCRIPT_TYPE = re.compile(r"(|module|(text|application)/(x-)?(java|ecma)script)(\s*;.*)?", re.IGNORECASE)
_AS: dict[str, Kind] = {"script": "script", "style": "style", "image": "image", "font": "font", "worker": "script"}
_SIMPLE: dict[tuple[str, str], MarkupReference] = {
    ("img", "src"): MarkupReference("image", ""),
    ("image", "href"): MarkupReference("image", ""),
    ("image", "xlink:href"): MarkupReference("image", ""),
    ("use", "href"): MarkupReference("image", ""),
    ("use", "xlink:href"): MarkupReference("image", ""),
    ("feimage", "href"): MarkupReference("image", ""),
    ("feimage", "xlink:href"): MarkupReference("image", ""),
    ("video", "poster"): MarkupReference("image", ""),
    ("video", "src"): MarkupReference("media", "", certain=False),
    ("audio", "src"): MarkupReference("media", "", certain=False),
    ("source", "src"): MarkupReference("media", "", certain=False),
    ("track", "src"): MarkupReference("other", "", certain=False),
    ("iframe", "src"): MarkupReference("frame", ""),
    ("frame", "src"): MarkupReference("frame", ""),
    ("embed", "src"): MarkupReference("frame", ""),
    ("object", "data"): MarkupReference("object", ""),
    ("body", "background"): MarkupReference("image", ""),
    ("table", "background"): MarkupReference("image", ""),
    ("td", "background"): MarkupReference("image", ""),
    ("th", "background"): MarkupReference("image", ""),
    ("form", "action"): MarkupReference("form", ""),
    ("button", "formaction"): MarkupReference("form", ""),
    ("input", "formaction"): MarkupReference("form", ""),
    ("a", "href"): MarkupReference("link", ""),
    ("a", "xlink:href"): MarkupReference("link", ""),
    ("area", "href"): MarkupReference("link", ""),
}


def _is_data(name: str, value: str) -> bool:
    return name.startswith(("data-", "on")) or value[:1] in ("{", "[")


def _references(tag: str, attributes: dict[str, str]) -> Iterator[MarkupReference]:
    for name, address in attributes.items():
        if kind := _SIMPLE.get((tag, name)):
            lazy = attributes.get("loading", "").lower() == "lazy"
            yield MarkupReference(kind.kind, address, kind.certain and not lazy)
    if tag in ("img", "source"):
        for address in _candidates(attributes.get("srcset", "")):
            yield MarkupReference("image", address, certain=False)
    elif tag == "script" and _SCRIPT_TYPE.fullmatch(attributes.get("type", "")):
        yield MarkupReference("script", attributes.get("src", ""), certain="nomodule" not in attributes)
    elif tag == "input" and attributes.get("type", "").lower() == "image":
        yield MarkupReference("image", attributes.get("src", ""))
    elif tag == "link":
        yield from _linked(attributes)
    yield from style_references(attributes.get("style", ""))


def _candidates(srcset: str) -> Iterator[str]:
    begins = True
    for word in srcset.split():
        if not begins:
            _, comma, word = word.partition(",")
            if not word:
                begins = bool(comma)
                continue
        yield word.rstrip(",")
        begins = word.endswith(",")


def _linked(attributes: dict[str, str]) -> Iterator[MarkupReference]:
    relations = attributes.get("rel", "").lower().split()
    address = attributes.get("href", "")
    if "stylesheet" in relations:
        yield MarkupReference("style", address, certain="alternate" not in relations)
    elif "preload" in relations:
        yield MarkupReference(_AS.get(attributes.get("as", "").lower(), "other"), address)
        for each in _candidates(attributes.get("imagesrcset", "")):
            yield MarkupReference("image", each, certain=False)
    elif "modulepreload" in relations:
        yield MarkupReference("script", address)
    elif "manifest" in relations:
        yield MarkupReference("manifest", address, certain=False)
    elif {"icon", "apple-touch-icon", "mask-icon"}.intersection(relations):
        yield MarkupReference("image", address, certain=False)
    elif "prefetch" in relations:
        yield MarkupReference("other", address, certain=False)


_IMPORT = re.compile(
    r"""\bimport\s*(?:[\w$*{},\s]{1,2000}?\bfrom\s*)?["']((?:https?://|\.{0,2}/)[^"'\s]{1,2000})["']"""
)


def _imported(kind: str, code: str) -> Iterator[MarkupReference]:
    """What a module in the page imports by an address, and what an import map leads to."""
    if kind == "module":
        for address in _IMPORT.findall(code):
            yield MarkupReference("script", address)
    elif kind == "importmap":
        try:
            told = json.loads(code)
        except (ValueError, RecursionError):
            return
        imports = told.get("imports") if isinstance(told, dict) else None
        for address in imports.values() if isinstance(imports, dict) else ():
            # One that ends with a slash is the beginning of addresses.
            if isinstance(address, str) and not address.endswith("/"):
                yield MarkupReference("script", address, certain=False)


def inert(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element is a template, of which browsers use nothing until a script does (a shadow root is used)."""
    return tag == "template" and "shadowrootmode" not in attributes


_FALLBACKS = ("noscript", "noframes", "noembed", "iframe", "video", "audio", "canvas", "datalist")
"""What is in these elements is for browsers that do not know them, or is only offered."""


def hides(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether what is in an element is not shown: by its name, the attributes hidden or popover, or its style."""
    style = "".join(attributes.get("style", "").lower().split())
    return (
        inert(tag, attributes)
        or tag in _FALLBACKS
        or (tag == "dialog" and "open" not in attributes)
        or "hidden" in attributes
        or "popover" in attributes
        or "display:none" in style
        or "visibility:hidden" in style
    )


_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
_HEAD = ("html", "head", "meta", "title", "link", "script", "style", "base", "noscript", "template")
"""What may be before a page's body begins, whether or not the tags of head and body are written."""


class _MarkupReader:
    """What lxml reports of each element; the standard library's takes hours for a page made to keep it busy."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.equivalents: list[tuple[str, str]] = []
        self.names: list[tuple[str, str]] = []
        self.policies: list[str] = []
        self.references: list[MarkupReference] = []
        self.base = ""
        self.inline: list[str] = []
        self.held: list[str] = []
        self.text: list[str] = []
        self.shown: list[str] = []
        self.pages: list[str] = []
        self._kind = ""
        self._hidden: list[str] = []
        self._templates = 0
        self._noscript = 0
        self._svg = 0
        self._inside: list[str] | None = None
        self._titled = False
        self._head = True

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        attributes = {name.lower(): value.strip() for name, value in attrs.items()}
        if tag == "svg":
            self._svg += 1
        elif tag == "script" and self._svg:
            # There a script's address is in another attribute; but the parser does not see where browsers end an svg.
            src = attributes.get("src", "")
            attributes["src"] = attributes.get("href") or attributes.get("xlink:href") or src
        content = attributes.get("content", "")
        self.held += [f'{name}="{value}"' for name, value in attributes.items() if _is_data(name, value)]
        self._head = self._head and tag in _HEAD
        if self._templates or (self._noscript and tag != "script"):
            # Browsers heed nothing of a template, and where scripts run, nothing of noscript.
            pass
        elif tag == "script":
            self.scripts.append(Script(attributes.get("src", ""), attributes.get("integrity", "")))
        elif tag == "meta" and "http-equiv" in attributes:
            self.equivalents.append((attributes["http-equiv"].lower(), content))
            if self.equivalents[-1][0] == "content-security-policy" and self._head and not self.scripts:
                self.policies.append(content)
        elif tag == "meta" and "name" in attributes:
            self.names.append((attributes["name"].lower(), content))
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "")
        self._space()
        self._inside = [] if tag in ("script", "style") else None
        self._titled = tag in ("title", "noscript")
        self._kind = attributes.get("type", "").lower()
        if tag not in _VOID and (self._hidden or hides(tag, attributes)):
            self._hidden.append(tag)
        if tag == "template" and (self._templates or inert(tag, attributes)):
            self._templates += 1
        if tag == "noscript":
            self._noscript += 1
        if self._templates:
            return
        found = _references(tag, attributes)
        # Where scripts run, no browser loads what is in noscript.
        self.references += (replace(each, certain=False) for each in found) if self._noscript else found
        if "srcdoc" in attributes:
            self.pages.append(attributes["srcdoc"])

    def end(self, tag: str) -> None:
        self._space()
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()
        if tag == "template" and self._templates:
            self._templates -= 1
        if tag == "noscript" and self._noscript:
            self._noscript -= 1
        if tag == "svg" and self._svg:
            self._svg -= 1
        self._head = self._head and tag != "head"
        if self._inside and tag == "script":
            self.inline.append("".join(self._inside))
            if not self._templates:
                self.references += _imported(self._kind, self.inline[-1])
        elif self._inside and tag == "style" and not self._templates:
            self.references += style_references("".join(self._inside))
        self._inside = None
        self._titled = False

    def data(self, data: str) -> None:
        self._head = self._head and (self._inside is not None or self._titled or not data.strip())
        (self.text if self._inside is None else self._inside).append(data)
        if self._inside is None and not self._hidden:
            self.shown.append(data)

    def _space(self) -> None:
        self.text.append(" ")
        self.shown.append(" ")

    def close(self) -> None:
        """There is nothing to return."""
