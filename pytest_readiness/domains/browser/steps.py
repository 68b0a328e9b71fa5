"""The steps of a declared journey through a web page, as bindings write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.flow_steps import Name, Part, fill
from pytest_readiness.domains.http.resource import UrlPath

Words = Annotated[str, Field(min_length=1)]
Role = Literal[
    "alert", "button", "cell", "checkbox", "combobox", "dialog", "heading", "img", "link", "list", "listbox",
    "listitem", "main", "menuitem", "navigation", "option", "radio", "row", "searchbox", "slider", "spinbutton",
    "status", "switch", "tab", "table", "textbox",
]  # fmt: skip
_PLACE = re.compile(r"\$(?:\$|\{(\w+)\})")
UNIQUE = "unique"
"""Variable that is a new word in each run: for names that must not be taken yet."""
WAYS = ("role", "label", "text", "placeholder", "test_id", "css")


class _StepPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Element(_StepPart):
    """Which element of the page; exactly one of role, label, text, placeholder, test_id and css says it.

    Attributes:
        role: its ARIA role, such as button.
        name: beside a role, its accessible name.
        label: label of a field.
        text: text in it.
        placeholder: placeholder of a field.
        test_id: its attribute data-testid.
        css: a selector.
        exact: text and names are whole, and upper and lower case counts; otherwise a part is enough.
    """

    role: Role | None = None
    name: Words | None = None
    label: Words | None = None
    text: Words | None = None
    placeholder: Words | None = None
    test_id: Words | None = None
    css: Words | None = None
    exact: bool = False

    @property
    def way(self) -> str:
        """The attribute that says which; "" for none."""
        return next((way for way in WAYS if getattr(self, way) is not None), "")

    @property
    def words(self) -> str:
        """What a person calls it."""
        if self.role:
            return f"{self.role} '{cut(self.name, 60)}'" if self.name else self.role
        return f"{self.way.replace('_', ' ')} '{cut(getattr(self, self.way), 60)}'"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        self._check_ways()
        return self

    def _check_ways(self) -> None:
        if sum(getattr(self, way) is not None for way in WAYS) != 1:
            raise ValueError(f"an element is named by exactly one of {', '.join(WAYS)}")
        if self.name is not None and self.role is None:
            raise ValueError("'name' is the accessible name beside a 'role'")


class Fill(Element):
    """Fill a field.

    Attributes:
        value: what with.
    """

    value: str | Part


class Select(Element):
    """Choose from a list.

    Attributes:
        option: the option's label.
    """

    option: Words


class FileChoice(Element):
    """Choose a file that is made up for it.

    Attributes:
        filename: its name.
        content: its text.
    """

    filename: Annotated[str, Field(min_length=1, pattern=r"^[^/\x00]+$")]
    content: Annotated[str, Field(min_length=1, max_length=100_000)]


class PageExpectation(Element):
    """What must be seen, all of it; an element must be visible.

    Attributes:
        contains: beside an element, text in it.
        count: beside an element, how many must be visible.
        url: path of the page, beginning with a slash; with its query only where one is given.
        title: part of the page's title.
        absent: an element that must not be visible.
    """

    contains: Words | None = None
    count: Annotated[int, Field(ge=0)] | None = None
    url: UrlPath | None = None
    title: Words | None = None
    absent: Element | None = None

    @property
    def words(self) -> str:
        """What is expected."""
        said = []
        if self.way:
            often = "" if self.count is None else f"{self.count} × "
            said.append(often + super().words + (f" containing '{cut(self.contains, 60)}'" if self.contains else ""))
        said += [f"address {self.url}"] * (self.url is not None)
        said += [f"title with '{cut(self.title or '', 60)}'"] * (self.title is not None)
        said += [f"no {self.absent.words}"] if self.absent else []
        return ", ".join(said)

    @property
    def positive(self) -> bool:
        """Whether something must be there; what is not there may also be not there yet."""
        return bool(self.way and self.count != 0) or self.url is not None or self.title is not None

    def _check_ways(self) -> None:
        if self.way:
            super()._check_ways()
        elif self.contains is not None or self.count is not None or self.name is not None:
            raise ValueError("'contains', 'count' and 'name' need an element beside them")
        elif self.url is None and self.title is None and self.absent is None:
            raise ValueError("this expects nothing")


class BrowserStep(_StepPart):
    """One step: exactly one thing to do, or to see.

    Attributes:
        name: what a person calls it; default: made up of the rest.
        go: path to open.
        fill, click, select, check, uncheck, press, upload: what to do with an element, or which key to press.
        wait_for: element to wait for.
        expect: what must be seen.
        capture: text to keep, by the name of a variable.
        timeout_s: how long it may take, in seconds.
    """

    name: str = ""
    go: UrlPath | None = None
    fill: Fill | None = None
    click: Element | None = None
    select: Select | None = None
    check: Element | None = None
    uncheck: Element | None = None
    press: Words | None = None
    upload: FileChoice | None = None
    wait_for: Element | None = None
    expect: PageExpectation | None = None
    capture: Annotated[dict[Name, Element], Field(min_length=1)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 5.0

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(getattr(self, verb) is not None for verb in VERBS) != 1:
            raise ValueError(f"a step is exactly one of {', '.join(VERBS)}")
        return self

    @property
    def verb(self) -> str:
        """What it does."""
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @property
    def acts(self) -> bool:
        """Whether it does something to the page."""
        return self.verb not in ("go", "wait_for", "expect", "capture")

    @property
    def words(self) -> str:
        """What a person calls it; no values that are filled in."""
        if self.name:
            return cut(self.name, 80)
        what = getattr(self, self.verb)
        if isinstance(what, dict):
            return f"capture {', '.join(what)}"
        said = f"{self.verb.replace('_', ' ')} {what.words if isinstance(what, Element) else cut(what, 60)}"
        if self.fill and isinstance(self.fill.value, Part):
            said += f" with the {self.fill.value.field} of credential {self.fill.value.credential}"
        return said


VERBS = ("go", "fill", "click", "select", "check", "uncheck", "press", "upload", "wait_for", "expect", "capture")


def checked(steps: list[BrowserStep]) -> list[BrowserStep]:
    """The steps, where they end in something that must be seen, and know their variables.

    Raises:
        ValueError: they do not.
    """
    last = steps[-1].expect
    if last is None or not last.positive:
        raise ValueError(
            "the last step must expect something to be there; a journey without an expectation proves nothing"
        )
    known = {UNIQUE}
    for number, step in enumerate(steps, 1):
        for name in variables(step):
            if name not in known:
                raise ValueError(f"step {number} uses ${{{name}}}, which no step before it captures")
        known.update(step.capture or ())
    return steps


def variables(step: BrowserStep) -> Iterator[str]:
    """Names of variables that a step uses."""
    yield from filter(None, _PLACE.findall(step.model_dump_json(exclude={"name"}, exclude_none=True)))


def credentials(steps: list[BrowserStep]) -> Iterator[Part]:
    """Parts of credentials that the steps fill in."""
    for step in steps:
        if step.fill and isinstance(step.fill.value, Part):
            yield step.fill.value


def filled_in(step: BrowserStep, values: dict[str, str]) -> BrowserStep:
    """The step with its variables replaced."""

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            return fill(value, values)
        if isinstance(value, dict):
            return {key: replaced(each) for key, each in value.items()}
        return value

    return BrowserStep.model_validate(replaced(step.model_dump(exclude_none=True)))
