"""What a flow may say: the steps of `http.flow` and `mail.received`, as bindings write them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.resources import Named
from pytest_readiness.domains.http.resource import HeaderName, Url
from pytest_readiness.domains.inbox.resource import MAIL_ADDRESS

MAX_REQUESTS = 50
"""Of one flow, redirects and repetitions counted."""
FLOW_SECONDS = 120.0
"""For a flow of requests."""
MAIL_FLOW_SECONDS = 300.0
"""For a flow that waits for mail, which some senders queue for minutes."""
EVERY_SECONDS = 2.0
"""Between two tries of a step with `until`."""
BUILT_IN = ("unique", "password", "now", "timestamp")
"""What `${…}` means without being captured."""
METHODS = ("get", "post", "put", "patch", "delete")

PLACE = re.compile(r"\$(?:\$|\{(?P<name>\w+)\})")
"""`${name}`, or `$$` for a dollar sign."""


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Replace `${name}` by its value; `$$` is a dollar sign."""
    return PLACE.sub(lambda match: "$" if match["name"] is None else written(values[match["name"]]), text)


def written(value: Any) -> str:
    """A single value of JSON as text."""
    return value if isinstance(value, str) else json.dumps(value)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _one_or_more(kind: str) -> WithJsonSchema:
    each = {"type": kind}
    return WithJsonSchema({"anyOf": [each, {"type": "array", "items": each, "minItems": 1}]})


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression ({error})") from None
    return text


def _one_group(text: str) -> str:
    if re.compile(_pattern(text)).groups != 1:
        raise ValueError(f"'{text}' must have one group in parentheses: what is to be captured")
    return text


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed), _one_or_more("string")]
Status = Annotated[int, Field(ge=100, le=599)]
Statuses = Annotated[tuple[Status, ...], Field(min_length=1), BeforeValidator(_listed), _one_or_more("integer")]
Seconds = Annotated[float, Field(gt=0, le=MAIL_FLOW_SECONDS - 30)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
Address = Annotated[str, Field(pattern=r"^(/|https?://|\$\{\w+\})\S*$")]


class _FlowPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Part(_FlowPart):
    """A part of a credential that the url declares.

    Attributes:
        credential: its name.
        field: which part.
    """

    credential: str
    field: Literal["user", "password", "token"]

    def value(self, url: Url) -> str:
        """What it is.

        Raises:
            NotDeclared: the url has no such credential, or that has no such part.
        """
        value: str | SecretStr | None = getattr(url.credential(self.credential), self.field)
        if value is None:
            raise NotDeclared(f"the credential '{self.credential}' of {url.name} has no {self.field}")
        return value if isinstance(value, str) else value.get_secret_value()


Value = str | int | float | bool | Part


class Expect(_FlowPart):
    """What an answer must be.

    Attributes:
        status: status code, or several, one of which is enough; without it, 2xx or 3xx.
        text: what a reader must find on the page, or in an answer that is not a page.
        absent: what must not be there.
        json_values: values in a JSON answer, by path (`order.lines.0.price`) or JSON pointer (`/order/lines/0/price`).
        header: what a header's value must contain, by name.
        location: where the answer redirects to: a path on the host, or a whole address; `*` matches anything.
        url: where the step ended after redirects, written like `location`.
        max_seconds: longest time that the step's answers may take together.
    """

    status: Statuses = ()
    text: Texts = ()
    absent: Texts = ()
    json_values: dict[Text, JsonValue] = Field(default={}, alias="json")
    header: dict[HeaderName, Text] = {}
    location: Address | None = None
    url: Address | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("an expectation of nothing proves nothing")
        return self

    @property
    def proves(self) -> bool:
        """Whether something must be there: what is absent is absent from an empty page, too."""
        return bool(self.model_fields_set - {"absent", "max_seconds"})


class Capture(_FlowPart):
    """Where a value is found that later steps use; a step fails that does not have it. One of these:

    Attributes:
        json_path: path or JSON pointer in a JSON answer.
        header: name of a header.
        regex: regular expression with one group, searched in the answer's body.
        form_field: name of a field of a form; its value.
        cookie: name of a cookie that is kept; its value is secret.
        link: regular expression for the address or the text of a link; its whole address.
    """

    json_path: Text | None = Field(default=None, alias="json")
    header: HeaderName | None = None
    regex: Annotated[str, AfterValidator(_one_group)] | None = None
    form_field: Text | None = None
    cookie: Text | None = None
    link: Annotated[Text, AfterValidator(_pattern)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in self.__dict__.values()) != 1:
            raise ValueError("a capture is one of json, header, regex, form_field, cookie and link")
        return self

    @property
    def way(self) -> str:
        """Which of them it is, as it is written."""
        field = next((name for name in type(self).model_fields if getattr(self, name) is not None), "")
        return field.partition("_path")[0]


class FilePart(_FlowPart):
    """A file that is sent.

    Attributes:
        filename: its name.
        content: its text.
        base64: its bytes in base64.
        size_kb: instead, its size in KiB of random bytes.
        type: its media type.
    """

    filename: Text
    content: str | None = None
    base64: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/\s]+=*\s*$")] | None = None
    size_kb: Annotated[int, Field(ge=1, le=10240)] | None = None
    type: Text = "application/octet-stream"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.content is not None) + (self.base64 is not None) + (self.size_kb is not None) != 1:
            raise ValueError("an upload has 'content', 'base64' or 'size_kb': one of them")
        return self


class Sign(_FlowPart):
    """A signature over the body, as senders of webhooks make it: HMAC-SHA256 in hexadecimal digits.

    Attributes:
        credential: the url's credential whose token is the key.
        header: the header that carries it.
        payload: what is signed; `${body}` is the body.
        value: what the header says; `${signature}` is the signature.
    """

    credential: str
    header: HeaderName
    payload: Text = "${body}"
    value: Text = "${signature}"


class Submit(_FlowPart):
    """A form of the page that the step before ended on: its fields are taken over, hidden ones too.

    Attributes:
        form: `#id`, the name, the path that it is sent to, or its number on the page, from 1; absent where only one
            form of the page has these fields.
        fields: what is filled in, by the fields' names.
    """

    form: Annotated[int, Field(ge=1)] | Text | None = None
    fields: dict[Text, Value] = {}


class MailWait(_FlowPart):
    """A mail of the application's own that must arrive.

    Attributes:
        inbox: the declared inbox that it arrives in.
        to: the recipient; it contains `${unique}`, so that no earlier or foreign mail can be meant.
        subject: what the subject contains.
        within: how long it may take, in seconds.
    """

    inbox: Annotated[str, Named("inbox")]
    to: Annotated[str, Field(pattern=MAIL_ADDRESS)]
    subject: Text
    within: Seconds = 60.0


class Step(_FlowPart):
    """One step: a request, a form, or a mail that is waited for.

    Attributes:
        name: what it does, for the report.
        get, post, put, patch, delete: a request for this path on the host, or for a captured address on it.
        submit: a form of the page before.
        mail: a mail that must arrive.
        url: another declared url that the request goes to.
        credential: the url's credential that the request shows.
        headers: headers of the request.
        json_body: the body, as JSON.
        form: the body, as fields of a form.
        body: the body, as text.
        upload: files, by name of their field; sent with `form` or `submit`.
        sign: a signature over the body.
        follow: whether redirects on the same host are followed; by default where neither `status` nor `location` is
            expected.
        expect: what the answer must be.
        until: repeat the request until the answer is so.
        within: how long, in seconds.
        every: pause between two tries, in seconds.
        capture: values for later steps, by name.
        secret: whether what is captured is kept out of the report.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    get: Address | None = None
    post: Address | None = None
    put: Address | None = None
    patch: Address | None = None
    delete: Address | None = None
    submit: Submit | None = None
    mail: MailWait | None = None
    url: Annotated[str, Named("url")] | None = None
    credential: str | None = None
    headers: dict[HeaderName, Value] = {}
    json_body: JsonValue = Field(default=None, alias="json")
    form: dict[Text, Value] = {}
    body: str | None = None
    upload: dict[Text, FilePart] = {}
    sign: Sign | None = None
    follow: bool | None = None
    expect: Expect | None = None
    until: Expect | None = None
    within: Seconds | None = None
    every: Annotated[float, Field(ge=0.1, le=60)] | None = None
    capture: dict[Name, Capture] = {}
    secret: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [name for name in (*METHODS, "submit", "mail") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step does one of {', '.join(METHODS)}, submit and mail, but this does {len(given)}")
        fields = {"json" if name == "json_body" else name for name in self.model_fields_set}
        for foreign, why in _FOREIGN.get(given[0], {}).items():
            if foreign in fields:
                raise ValueError(f"'{foreign}' does not go with '{given[0]}': {why}")
        bodies = [name for name in ("json", "form", "body") if name in fields]
        if len(bodies) > 1:
            raise ValueError(f"'{bodies[0]}' and '{bodies[1]}' are both the body")
        if self.upload and bodies not in ([], ["form"]):
            raise ValueError(f"'upload' and '{bodies[0]}' are both the body")
        if (self.until is None) != (self.within is None):
            raise ValueError("'until' and 'within' belong together: what is waited for, and how long")
        if self.every is not None and self.until is None:
            raise ValueError("'every' is the pause between two tries, but there is no 'until'")
        if self.mail and self.expect and not self.expect.model_fields_set <= {"text", "absent"}:
            raise ValueError("of a mail only 'text' and 'absent' can be expected")
        if self.mail and any(each.way in ("json", "form_field", "cookie") for each in self.capture.values()):
            raise ValueError("from a mail only 'regex', 'link' and 'header' can be captured")
        return self

    @property
    def request(self) -> tuple[str, str]:
        """Method and address as it is written; ("", "") where the step is not a plain request."""
        for name in METHODS:
            if address := getattr(self, name):
                return name.upper(), address
        return "", ""

    @property
    def requests(self) -> int:
        """How many requests it sends at most, redirects left out."""
        if self.mail:
            return 0
        return 1 if self.within is None else 1 + math.ceil(self.within / (self.every or EVERY_SECONDS))

    @property
    def seconds(self) -> float:
        """How long it waits at most."""
        return self.mail.within if self.mail else self.within or 0.0

    @property
    def follows(self) -> bool:
        """Whether redirects are followed."""
        if self.follow is not None:
            return self.follow
        each = [expect for expect in (self.expect, self.until) if expect]
        return not any(expect.status or expect.location for expect in each)


_BODIES = dict.fromkeys(("json", "form", "body", "upload", "sign"), "it has no body")
_REPEATED = dict.fromkeys(("until", "within", "every"), "only a get may be repeated")
_FOREIGN: Mapping[str, Mapping[str, str]] = {
    "get": _BODIES,
    **dict.fromkeys(("post", "put", "patch", "delete"), _REPEATED),
    "submit": {
        **dict.fromkeys(("json", "form", "body"), "the form is the body"),
        "sign": "the form is the body",
        "url": "the form says where it is sent",
        **_REPEATED,
    },
    "mail": {
        **dict.fromkeys(("url", "credential", "headers", "follow", *_BODIES), "no request is sent"),
        **dict.fromkeys(_REPEATED, "'within' of the mail says how long it is waited for"),
    },
}


@dataclass(frozen=True, slots=True)
class Flow:
    """A question to `http_flow` and `mail_flow`: the steps, as JSON.

    Attributes:
        steps: as bindings write them.
    """

    steps: str

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Flow:
        """The question that these steps are."""
        return cls(json.dumps([step.model_dump(mode="json", by_alias=True, exclude_unset=True) for step in steps]))

    def parsed(self) -> list[Step]:
        """The steps."""
        return TypeAdapter(list[Step]).validate_json(self.steps)

    def __str__(self) -> str:
        return "; ".join(step.name for step in self.parsed())


def goals(steps: Iterable[Step]) -> Iterator[tuple[Step, str | None]]:
    """Each step with the declared url that it goes to, None for the endpoint itself; a form goes where its page is."""
    to = None
    for step in steps:
        if not step.submit and not step.mail:
            to = step.url
        yield step, to


def require(url: Url, step: Step) -> None:
    """Make sure that an endpoint declares the credentials that a step takes from it.

    Raises:
        NotDeclared: it lacks one, or that has no such part.
    """
    if step.credential:
        url.credential(step.credential)
    parts = list(_parts(step.model_dump(include={"headers", "form", "json_body", "submit"})))
    if step.sign:
        parts.append(Part(credential=step.sign.credential, field="token"))
    for part in parts:
        part.value(url)


def part_of(value: Any) -> Part | None:
    """The part of a credential that a value in a JSON body refers to."""
    if isinstance(value, Part):
        return value
    if isinstance(value, Mapping) and value.keys() == {"credential", "field"}:
        return Part.model_validate(dict(value))
    return None


def _parts(value: Any) -> Iterator[Part]:
    if part := part_of(value):
        yield part
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _parts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _parts(child)
