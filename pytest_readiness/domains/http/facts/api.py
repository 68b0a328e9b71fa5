"""What the programs behind a web endpoint answer to programs: an API and its description, metrics, a web socket."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.describing import JUDGING_SECONDS, READING_SECONDS, Describer
from pytest_readiness.domains.http.facts.pages import VISIT_SECONDS, arrive, on_host, verify_unhindered
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session, trust_of
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import HEADERS
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, READ_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.http.refusals import refusal

API_SECONDS = 40.0
"""For all requests to the operations of an API."""
CLOSE_SECONDS = 1.0
"""For the answer to the end of a web socket."""
MAX_DOCUMENT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to `api_answer` and `exposition`.

    Attributes:
        path: on the host.
        credential: name of the credential to show, or "".
    """

    path: str
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Exposition:
    """What Prometheus would scrape.

    Attributes:
        answer: without its body.
        samples: how many samples there are of each metric, by the names of families and of samples.
        fault: why it could not be parsed, as a clause; "" where it could, or where the status is not a 200.
    """

    answer: Response
    samples: Mapping[str, int]
    fault: str


@dataclass(frozen=True, slots=True)
class DescribedBy:
    """A question to `api_operations`.

    Attributes:
        path: where the description is.
        credential: name of the credential to show, or "".
        count: how many operations to ask at most.
    """

    path: str
    credential: str
    count: int


@dataclass(frozen=True, slots=True)
class Operation:
    """The answer of one GET operation.

    Attributes:
        path: as the description names it.
        status: of the answer; 0 where there is none.
        undeclared: how it differs from what is declared, as a clause; "" where it does not.
        problem: why there is no answer, as a clause.
    """

    path: str
    status: int
    undeclared: str
    problem: str


@dataclass(frozen=True, slots=True)
class Operations:
    """The description of an API, and how its GET operations answer.

    Attributes:
        answer: the description's own answer, without its body.
        fault: why the description is not valid, as a clause; "" where it is.
        version: of OpenAPI.
        paths: how many paths it describes.
        asked: the operations that were asked, in the description's order.
        left_out: how many more GET operations without required parameters there are.
        guarded: how many need a credential, where none was named.
        elsewhere: how many are on other origins, or stream.
    """

    answer: Response
    fault: str
    version: str
    paths: int
    asked: tuple[Operation, ...]
    left_out: int
    guarded: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Opening:
    """A question to `upgrade`.

    Attributes:
        path: of the web socket.
        protocol: the subprotocol to ask for, or "".
        credential: name of the credential to show, or "".
    """

    path: str
    protocol: str
    credential: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How a web socket's opening handshake ended.

    Attributes:
        url: what was asked for.
        status: status code of the answer.
        protocol: the subprotocol that the server chose, or "".
        seconds: from sending the request to the answer.
        fault: why no web socket was opened, as a clause; "" where one was.
    """

    url: str
    status: int
    protocol: str
    seconds: float
    fault: str


@fact(deadline=VISIT_SECONDS + CONNECT_SECONDS)
def api_answer(url: Url, connection: Connection, *, ask: Asked) -> Response:
    """The answer to a path, with a credential where one is named; only redirects to the same path are followed."""
    return arrive(url, connection, ask.path, ask.credential)


@fact(deadline=VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, extra="prometheus")
def exposition(url: Url, connection: Connection, *, ask: Asked) -> Exposition:
    """The metrics that a path exposes, with a credential where one is named; only redirects to itself are followed."""
    first = arrive(url, connection, ask.path, ask.credential)
    answer = first
    if first.truncated:
        with open_session(url, connection, credential=ask.credential) as session:
            answer = session.send("GET", first.url, max_body=MAX_DOCUMENT)
    if answer.truncated:
        raise CouldNotVerify(f"{shown(answer.url)} exposes more than {MAX_DOCUMENT // 1024**2} MiB")
    samples = Counter[str]()
    problem = ""
    try:
        for family, names in _families(answer):
            samples.update(dict.fromkeys({family, *names}, 0))
            samples.update(names)
            if family not in names:
                samples[family] += len(names)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        problem = cut(str(error), 100) or type(error).__name__
    if not answer.as_utf8:
        problem = "bytes that are not UTF-8"
    elif "\r" in answer.body:
        problem = problem or "lines that end in CR LF, which Prometheus does not read"
    if answer.status != 200:
        # What is not the answer may still show the metrics.
        return Exposition(replace(answer, body=""), {} if problem else dict(sorted(samples.items())), "")
    return Exposition(replace(answer, body=""), dict(sorted(samples.items())), problem)


def _families(answer: Response) -> Iterator[tuple[str, list[str]]]:
    """Each metric's name and the names of its samples."""
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    is_open = "openmetrics" in answer.header("content-type").lower()
    read = (openmetrics_parser if is_open else parser).text_string_to_metric_families
    for family in read(answer.body):
        yield family.name, [sample.name for sample in family.samples]


@fact(
    deadline=API_SECONDS + 2 * REQUEST_SECONDS + CONNECT_SECONDS + READING_SECONDS + 2 * JUDGING_SECONDS,
    heavy=True,
    extra="openapi",
)
def api_operations(url: Url, connection: Connection, *, ask: DescribedBy) -> Operations:
    """The description of an API by OpenAPI 3, and the answers of its GET operations without required parameters."""
    address = on_host(url, ask.path)
    with open_session(url, connection, credential=ask.credential) as session:
        answer = session.send("GET", address, max_body=MAX_DOCUMENT)
        if answer.location:
            address = arrive(url, connection, ask.path, ask.credential).url
            answer = session.send("GET", address, max_body=MAX_DOCUMENT) if address != answer.url else answer
        verify_unhindered(answer)
        bare = replace(answer, body="")
        if answer.truncated:
            raise CouldNotVerify(f"{shown(address)} is longer than {MAX_DOCUMENT // 1024**2} MiB")
        if answer.status != 200:
            return Operations(bare, f"{answer.status}", "", 0, (), 0, 0, 0)
        with Describer(shown(address)) as describer:
            described = describer.read(answer.body, address)
            if described.fault:
                return Operations(bare, described.fault, described.version, described.paths, (), 0, 0, 0)
            until = time.monotonic() + API_SECONDS
            near = [each for each in described.operations if each.address and not each.streams]
            free = [each for each in near if ask.credential or not each.guarded]
            asked = []
            for operation in free[: ask.count]:
                try:
                    if time.monotonic() >= until:
                        raise CouldNotVerify(f"time ran out before GET {shown(operation.address)}")
                    reply = session.send("GET", operation.address, headers=[("Accept", "application/json, */*;q=0.5")])
                    if reply.truncated:
                        raise CouldNotVerify(f"GET {shown(operation.address)} was answered with more than 1 MiB")
                    verify_unhindered(reply)
                    clause = describer.undeclared(operation.path, reply)
                except CouldNotVerify as error:
                    asked.append(Operation(operation.path, 0, "", error.reason))
                    continue
                asked.append(Operation(operation.path, reply.status, clause, ""))
    return Operations(
        answer=bare,
        fault="",
        version=described.version,
        paths=described.paths,
        asked=tuple(asked),
        left_out=len(free) - len(asked),
        guarded=len(near) - len(free),
        elsewhere=len(described.operations) - len(near),
    )


_UNASKED = {
    "no extensions supported": "an extension (Sec-WebSocket-Extensions) that was not asked for",
    "no subprotocols supported": "a subprotocol (Sec-WebSocket-Protocol) that was not asked for",
}
"""What the library says where the answer has what it was not asked for, in other words."""


@fact(deadline=REQUEST_SECONDS + 2 * CONNECT_SECONDS, extra="websocket")
def upgrade(url: Url, connection: Connection, *, ask: Opening) -> Upgrade:
    """The opening handshake of a web socket, as a page of the endpoint would make it; then it is closed."""
    import socket
    import ssl

    from websockets.client import ClientProtocol
    from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus
    from websockets.frames import CloseCode
    from websockets.protocol import State
    from websockets.typing import Origin, Subprotocol
    from websockets.uri import parse_uri

    root = urlsplit(url.url)
    address = f"{'wss' if url.secure else 'ws'}://{root.netloc}{ask.path}"
    said = f"the web socket {shown(address)}"
    protocol = ClientProtocol(
        parse_uri(address),
        origin=Origin(f"{root.scheme}://{root.netloc}"),
        subprotocols=[Subprotocol(ask.protocol)] if ask.protocol else None,
    )
    request = protocol.connect()
    request.headers["User-Agent"] = HEADERS["User-Agent"]
    request.headers.update(url.credential(ask.credential).as_headers() if ask.credential else ())
    protocol.send_request(request)
    sent(f"GET {shown(address)} (upgrade to websocket)")
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            opened = stack.enter_context(
                socket.create_connection((connection.address, url.port), timeout=CONNECT_SECONDS)
            )
            if url.secure:
                opened = stack.enter_context(trust_of(url).context().wrap_socket(opened, server_hostname=url.host))
            opened.sendall(b"".join(protocol.data_to_send()))
            until = time.monotonic() + READ_SECONDS
            while protocol.state is State.CONNECTING and not protocol.handshake_exc:
                opened.settimeout(max(until - time.monotonic(), 0.001))
                protocol.receive_data(received) if (received := opened.recv(64 * 1024)) else protocol.receive_eof()
            seconds = time.monotonic() - started
            if protocol.handshake_exc:
                raise protocol.handshake_exc
            protocol.send_close(CloseCode.NORMAL_CLOSURE)
            with suppress(OSError):
                opened.sendall(b"".join(protocol.data_to_send()))
                opened.settimeout(CLOSE_SECONDS)
                # A server that is closed upon before it could answer logs an error.
                opened.recv(64 * 1024)
            return Upgrade(address, 101, protocol.subprotocol or "", seconds, "")
    except ssl.SSLCertVerificationError as error:
        raise CouldNotVerify(f"the certificate of {url.host} is not trusted ({refusal(error)})") from None
    except InvalidStatus as error:
        status = error.response.status_code
        return Upgrade(address, status, "", time.monotonic() - started, f"{status} instead of 101")
    except InvalidMessage:
        raise CouldNotVerify(f"{said} was not answered in readable HTTP, or the connection was closed") from None
    except InvalidHandshake as error:
        told = _UNASKED.get(str(error), cut(str(error), 120))
        return Upgrade(address, 101, "", time.monotonic() - started, told)
    except ssl.SSLError as error:
        raise CouldNotVerify(f"{said} could not be asked for ({refusal(error)})") from None
    except TimeoutError:
        raise CouldNotVerify(f"{said} was not answered within {READ_SECONDS:g} s") from None
    except OSError as error:
        reason = cut(error.strerror or str(error))
        raise CouldNotVerify(f"{said} could not be asked for ({reason})", transient=True) from None
