"""What a reader and a browser find on a page: its text, its links, and its forms with what they would send."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

from pytest_readiness.core.text import cut
from pytest_readiness.protocols.form_values import asked_instead
from pytest_readiness.protocols.http.addresses import joined
from pytest_readiness.protocols.markup import hides, inert

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "font", "i", "kbd", "mark", "q", "s"),
        *("samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"),
    )
)
_UNREAD = ("script", "style")
_CONTROLS = ("input", "select", "textarea", "button")
_NOT_SENT = ("button", "reset", "image", "submit")
_NOT_TYPED = ("file", *_NOT_SENT)
_NOT_VALIDATED = ("hidden", *_NOT_SENT)


class FormError(Exception):
    """A form cannot be submitted like this: what was expected of the page, and what is there."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page.

    Attributes:
        address: absolute, without a fragment.
        text: what a reader sees of it.
    """

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as a browser would send it.

    Attributes:
        method: GET or POST.
        address: absolute.
        multipart: whether it is sent as multipart/form-data.
        pairs: names and values, in order.
        hidden: names of its hidden fields.
    """

    method: str
    address: str
    multipart: bool
    pairs: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]


class HtmlPage:
    """A page of HTML.

    Args:
        markup: the page.
        address: where it is from.
    """

    def __init__(self, markup: str, address: str) -> None:
        self._markup = markup
        self._document = address
        base = next((_attribute(each, "href") for each in self._root.iter("base") if each.get("href")), "")
        self.address = joined(address, base) if base else address

    @cached_property
    def _root(self) -> HtmlElement:
        from lxml.etree import ParserError
        from lxml.html import HTMLParser, document_fromstring

        parser = HTMLParser(encoding="utf-8")
        try:
            root = document_fromstring(self._markup.replace("\0", "").encode(), parser=parser)
        except ParserError:  # nothing in it
            return document_fromstring("<html></html>")
        for each in [each for each in root.iter("template") if inert("template", dict(each.attrib))]:
            each.drop_tree()
        return root

    @cached_property
    def text(self) -> str:
        """What a reader finds: without scripts, styles and what `markup.hides` tells of; blanks are single."""
        from lxml.etree import iterwalk

        found: list[str] = []
        walk = iterwalk(self._root, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            gap = " " if event in ("start", "end") and element.tag not in _INLINE else ""
            if event != "start":
                found += (gap, element.tail or "")
            elif element.tag in _UNREAD or hides(str(element.tag), dict(element.attrib)):
                walk.skip_subtree()
            else:
                found += (gap, element.text or "")
        return " ".join("".join(found).split())

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Its links, in order."""
        return tuple(
            Link(urldefrag(joined(self.address, _attribute(each, "href")))[0], _text(each))
            for each in self._root.iter("a")
            if each.get("href") is not None
        )

    @cached_property
    def metas(self) -> dict[str, str]:
        """The contents of its meta elements by name; of several of a name, the last."""
        return {
            _attribute(each, "name"): _attribute(each, "content")
            for each in self._root.iter("meta")
            if each.get("name")
        }

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields that a form would send: the first whose action has that path, or else the page's first."""
        forms = self._root.forms
        chosen = [form for form in forms if self._path(form) == path] or forms
        return {
            name: _attribute(each, "value")
            for form in chosen[:1]
            for each in self._controls(form, enabled=True)
            if _kind(each) == "hidden" and (name := _attribute(each, "name"))
        }

    def field(self, name: str) -> str | None:
        """The value of the first field of that name in any form; None where there is none."""
        for form in self._root.forms:
            for key, value in self._pairs(form):
                if key == name:
                    return value
        return None

    def filled(self, wanted: str | int | None, fields: Mapping[str, str], files: tuple[str, ...]) -> Filled:
        """A form with these fields filled in, and everything else as the page has it.

        Args:
            wanted: `#id`, name, path of the action, or number from 1; None where only one form has the fields.
            fields: values by name.
            files: names of the file fields that will be sent.

        Raises:
            FormError: there is no such form or field, or it does not take the value.
        """
        form = self._form(wanted, (*fields, *files))
        present = {_attribute(each, "name"): each for each in self._controls(form)}
        for name in (*fields, *files):
            if name not in present:
                known = ", ".join(filter(None, present)) or "none"
                raise FormError(f"a form with a field '{name}'", f"its fields are: {known}")
        for name in files:
            if _kind(present[name]) != "file":
                raise FormError(f"a file field '{name}'", f"it is of the type {_kind(present[name])}")
        pairs = list(self._pairs(form, fields))
        for name, value in fields.items():
            pairs += self._chosen(form, name, value)
        button = next((each for each in self._controls(form, enabled=True) if _kind(each) in ("submit", "image")), None)
        hidden = tuple(_attribute(each, "name") for each in self._controls(form) if _kind(each) == "hidden")
        if (
            button is not None
            and _kind(button) == "submit"
            and (name := _attribute(button, "name"))
            and name not in fields
        ):
            pairs.append((name, _attribute(button, "value")))
        elif button is not None and _kind(button) == "image":
            # Where on the picture it was clicked.
            place = f"{name}." if (name := _attribute(button, "name")) else ""
            pairs += [(f"{place}x", "0"), (f"{place}y", "0")]
        method = _overridden(form, button, "method").upper()
        if method == "DIALOG":
            raise FormError("a form that is sent", "its method is dialog, which sends nothing")
        if "novalidate" not in form.attrib and (button is None or "formnovalidate" not in button.attrib):
            self._validate(form, pairs, files, fields)
        action = joined(self.address, _overridden(form, button, "action") or self._document)
        multipart = _overridden(form, button, "enctype").lower() == "multipart/form-data"
        if files and not multipart:
            raise FormError("a form that sends files, by enctype multipart/form-data", "it does not")
        return Filled("POST" if method == "POST" else "GET", urldefrag(action)[0], multipart, tuple(pairs), hidden)

    def _validate(
        self, form: HtmlElement, pairs: list[tuple[str, str]], files: tuple[str, ...], fields: Mapping[str, str]
    ) -> None:
        """See that a browser would send it: nothing that is required is missing, and every value fits (4.10.21).

        Raises:
            FormError: it would not.
        """
        given = {name for name, value in pairs if value} | set(files)
        for each in self._controls(form, enabled=True):
            name, kind = _attribute(each, "name"), _kind(each)
            if kind in _NOT_VALIDATED or "readonly" in each.attrib:
                continue
            if "required" in each.attrib and name and name not in given:
                raise FormError(f"a value for '{name}'", "it is required, and browsers send the form only with one")
            value = fields.get(name, "")
            # Browsers count what UTF-16 takes for it.
            length = len(value.encode("utf-16-le", "surrogatepass")) // 2
            most, fewest = _number(each, "maxlength"), _number(each, "minlength")
            if most is not None and length > most:
                raise FormError(f"at most {most} characters for '{name}'", f"{length}")
            if fewest is not None and 0 < length < fewest:
                raise FormError(f"at least {fewest} characters for '{name}'", f"{length}")
            if asked := asked_instead(kind, dict(each.attrib), value):
                raise FormError(f"for '{name}' {cut(asked, 100)}", "another value, with which browsers do not send it")

    def _form(self, wanted: str | int | None, names: tuple[str, ...]) -> HtmlElement:
        forms = self._root.forms
        if not forms:
            raise FormError("a form on the page", "there is none")
        if wanted is None:
            having = [form for form in forms if set(names) <= {_attribute(c, "name") for c in self._controls(form)}]
            if len(having) == 1:
                return having[0]
            if not having and len(forms) == 1:
                return forms[0]
            what = f"one form with {', '.join(names)}" if names else "one form"
            raise FormError(what, f"{len(having)} of the page's {len(forms)} forms have that")
        if isinstance(wanted, int):
            found = forms[wanted - 1 : wanted]
        elif wanted.startswith("#"):
            found = [form for form in forms if _attribute(form, "id") == wanted[1:]]
        else:
            found = [form for form in forms if wanted in (_attribute(form, "name"), self._path(form))]
        if len(found) != 1:
            ids = (_attribute(form, "id") for form in forms)
            shown = ", ".join(f"#{id}" if id else self._path(form) for id, form in zip(ids, forms, strict=True))
            raise FormError(f"one form {wanted}", f"{len(found)} such forms; the page has {shown}")
        return found[0]

    def _path(self, form: HtmlElement) -> str:
        return urlsplit(joined(self.address, _attribute(form, "action") or self._document)).path

    def _controls(self, form: HtmlElement, *, enabled: bool = False) -> Iterator[HtmlElement]:
        """What belongs to a form: within it, or naming it (HTML Living Standard, 4.10.18.3)."""
        # lxml's form.inputs holds neither buttons nor what names the form by the attribute `form`.
        id = _attribute(form, "id")
        for each in self._root.iter(*_CONTROLS):
            owner = _attribute(each, "form")
            mine = owner == id if owner else next(each.iterancestors("form"), None) is form
            if mine and not (enabled and _disabled(each)):
                yield each

    def _pairs(self, form: HtmlElement, filled: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """What would be sent without any change (4.10.22.4), buttons, files and what is filled in left out."""
        # lxml's form.form_values() leaves out text fields without a value, sends buttons, options that are disabled and
        # what a fieldset disables, and takes "on" for the empty value of a checkbox.
        controls = list(self._controls(form, enabled=True))
        seen = {_attribute(each, "name") for each in controls if _kind(each) != "hidden"}
        for each in controls:
            name, kind = _attribute(each, "name"), _kind(each)
            if not name or kind in _NOT_TYPED:
                continue
            # Beside a checkbox, a hidden field of its name is sent, too: for the case that it is not checked.
            if name in filled and (kind != "hidden" or name not in seen):
                continue
            if kind == "select":
                for value in _selected(each):
                    yield name, value
            elif kind == "textarea":
                # The first line end after the tag is not part of the value.
                yield name, each.text_content().removeprefix("\n")
            elif kind == "hidden" and name.lower() == "_charset_":
                yield name, "UTF-8"
            elif kind not in ("checkbox", "radio"):
                yield name, _attribute(each, "value")
            elif "checked" in each.attrib:
                yield name, _attribute(each, "value", "on")

    def _chosen(self, form: HtmlElement, name: str, value: str) -> list[tuple[str, str]]:
        """What a field sends that is filled in; where only certain values can be chosen, only those are taken."""
        named = [each for each in self._controls(form) if _attribute(each, "name") == name]
        usable = [each for each in named if not _disabled(each)]
        usable = [each for each in usable if _kind(each) != "hidden"] or usable
        if not usable:
            raise FormError(f"a field '{name}' that can be filled in", "it is disabled")
        kind = _kind(usable[0])
        if kind == "checkbox" and value in ("true", "false"):
            return [(name, _attribute(usable[0], "value", "on"))] if value == "true" else []
        if kind == "file":
            raise FormError(f"a field '{name}' that can be filled in", "it takes a file, by 'upload'")
        choices: list[str] | None = None
        if kind == "select":
            choices = [_option(each) for each in usable[0].iter("option") if not _is_off(each)]
        elif kind in ("checkbox", "radio"):
            choices = [_attribute(each, "value", "on") for each in usable]
        if choices is not None and value not in choices:
            raise FormError(f"a choice '{value}' of '{name}'", f"the choices are: {', '.join(choices)[:200] or 'none'}")
        return [(name, value)]


def _attribute(element: HtmlElement, name: str, default: str = "") -> str:
    return element.get(name, default)


def _text(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _kind(control: HtmlElement) -> str:
    if control.tag == "input":
        return _attribute(control, "type").lower() or "text"
    if control.tag == "button":
        return _attribute(control, "type").lower() or "submit"
    return str(control.tag)


def _disabled(control: HtmlElement) -> bool:
    return any("disabled" in each.attrib for each in (control, *control.iterancestors("fieldset")))


def _option(option: HtmlElement) -> str:
    return _attribute(option, "value", _text(option))


def _is_off(option: HtmlElement) -> bool:
    return any("disabled" in each.attrib for each in (option, *option.iterancestors("optgroup")))


def _selected(select: HtmlElement) -> list[str]:
    options = list(select.iter("option"))
    chosen = [each for each in options if "selected" in each.attrib]
    if "multiple" not in select.attrib:
        # What is shown is selected: with "please choose", which is disabled, nothing is sent.
        chosen = chosen[-1:] or [each for each in options if not _is_off(each)][:1]
    return [_option(each) for each in chosen if not _is_off(each)]


def _number(control: HtmlElement, name: str) -> int | None:
    value = _attribute(control, name).strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None


def _overridden(form: HtmlElement, button: HtmlElement | None, name: str) -> str:
    """What the form's button says instead of the form, or the form."""
    said = _attribute(button, f"form{name}") if button is not None else ""
    return said or _attribute(form, name)
