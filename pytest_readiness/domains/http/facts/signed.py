"""What an endpoint does with tokens and messages whose signature is not right, and finally with ones where it is."""

from __future__ import annotations

import hmac
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.disclosure import shown_of
from pytest_readiness.domains.http.facts.forms import Form, TrialOutcome, outcome_of
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.facts.probes import once
from pytest_readiness.domains.http.known_keys import known_keys
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

SIGNED_SECONDS = 60.0
"""For all requests of one trial."""
LEEWAY = 300.0
"""Seconds after its end for which a token may still be accepted, since clocks differ: what libraries grant at most."""
Scheme = Literal["stripe", "github", "hmac"]


@dataclass(frozen=True, slots=True)
class TokenTrial:
    """A question to `tokens`.

    Attributes:
        path: what the token opens.
        credential: name of the credential that is the token, or that logs in.
        login: where to log in, or None where the credential is the token.
        user_field, password_field: names of the login's fields.
        token_field: dotted path of the token in the JSON that the login answers.
        expired: name of the credential that is a token of the same kind, but has ended; "" where there is none.
    """

    path: str
    credential: str
    login: Form | None
    user_field: str
    password_field: str
    token_field: str
    expired: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token, without what makes it one, and what its forgeries were answered.

    Attributes:
        alg: how it says that it is signed.
        lifetime: seconds from its being issued, or from now, whichever is longer, to its end; None without an end.
        ended: seconds for which it had ended when it was shown; 0 where it had not, or names no end.
        well_known: it is signed with a key from a tutorial.
        outcomes: of the request without a token, with each forgery, and last with the token itself.
        disclosed: the share, from 0 to 1, of what the token itself gets that is in each of their answers.
    """

    alg: str
    lifetime: float | None
    ended: float
    well_known: bool
    outcomes: tuple[TrialOutcome, ...]
    disclosed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HookTrial:
    """A question to `webhooks`.

    Attributes:
        path: where messages are sent.
        scheme: how they are signed.
        credential: name of the credential whose token is the key.
        header: that carries the signature, for the scheme "hmac".
        prefix: what comes before the signature in it.
        encoding: of the signature, for the scheme "hmac".
        payload: the message.
        headers: of every message.
        tolerance: age in seconds that a signed timestamp may have.
    """

    path: str
    scheme: Scheme
    credential: str
    header: str
    prefix: str
    encoding: Literal["hex", "base64"]
    payload: str
    headers: tuple[tuple[str, str], ...]
    tolerance: int


@fact(deadline=SIGNED_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, fact_class="active", extra="jwt")
def tokens(url: Url, connection: Connection, *, ask: TokenTrial) -> Tokens:
    """A JSON Web Token's algorithm and lifetime, and what is answered to its forgeries and to itself."""
    until = time.monotonic() + SIGNED_SECONDS
    with once(), open_session(url, connection, once=True) as session:
        token = _issued(url, session, ask, until) if ask.login else _declared(url, ask.credential)
        header, claims = _decoded(token, ask.credential)
        address = on_host(url, ask.path)
        sendings = {"no token": "", **_forgeries(token, header, claims)}
        if ask.expired:
            sendings["an expired token"] = _expired(url, ask.expired)
        sendings["the token itself"] = token
        answers = {}
        for name, shown_token in sendings.items():
            headers = [("Authorization", f"Bearer {shown_token}")] if shown_token else []
            answers[name] = session.send("GET", address, headers=headers, until=until)
    alg = str(header.get("alg"))
    document = answers["the token itself"].body
    return Tokens(
        cut(alg, 20),
        _lifetime(claims),
        max(0.0, time.time() - (_end(claims) or math.inf)),
        _well_known(token, alg),
        tuple(outcome_of(name, answer) for name, answer in answers.items()),
        tuple(shown_of(document, answer.body) for answer in answers.values()),
    )


def _expired(url: Url, name: str) -> str:
    token = _declared(url, name)
    end = _end(_decoded(token, name)[1])
    if end is None or end > time.time() - LEEWAY:
        raise CouldNotVerify(f"the token of the credential '{name}' has not ended, or not for {LEEWAY:g} s yet")
    return token


def _declared(url: Url, name: str) -> str:
    token = url.credential(name).token
    if token is None:
        raise NotDeclared(f"the credential '{name}' of {url.name} is not a token")
    return token.get_secret_value()


def _issued(url: Url, session: Session, ask: TokenTrial, until: float) -> str:
    credential, login = url.credential(ask.credential), ask.login
    if login is None or credential.user is None or credential.password is None:
        raise NotDeclared(f"the credential '{ask.credential}' of {url.name} is not a user with a password")
    fields = {ask.user_field: credential.user, ask.password_field: credential.password.get_secret_value()}
    answer = session.send(
        login.method,
        on_host(url, login.path),
        headers=[("Content-Type", "application/json")],
        body=json.dumps(fields).encode(),
        until=until,
    )
    place = f"{login.method} {shown(answer.url)} with the credential '{ask.credential}'"
    if not 200 <= answer.status <= 299:
        raise CouldNotVerify(f"{place} was answered {answer.status}")
    try:
        found: Any = json.loads(answer.body)
        for key in ask.token_field.split("."):
            found = found[key]
    except (ValueError, RecursionError, LookupError, TypeError):
        found = None
    if not isinstance(found, str):
        raise CouldNotVerify(f"{place} was answered without JSON that holds a text at '{ask.token_field}'")
    return found


def _decoded(token: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return jwt.get_unverified_header(token), claims
    except jwt.PyJWTError:
        raise CouldNotVerify(f"the token of the credential '{name}' is not a signed JSON Web Token") from None


def _forgeries(token: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, str]:
    head, body, signature = token.split(".")
    # Of the last character base64 may not use every bit.
    altered = f"{'B' if signature[:1] == 'A' else 'A'}{signature[1:]}"
    return {
        "an altered signature": f"{head}.{body}.{altered}",
        "altered claims": f"{head}.{_encoded({**claims, 'readiness': True})}.{signature}",
        "no signature": f"{head}.{body}.",
        "alg none": f"{_encoded({**header, 'alg': 'none'})}.{body}.",
        "alg None": f"{_encoded({**header, 'alg': 'None'})}.{body}.",
        "alg NONE": f"{_encoded({**header, 'alg': 'NONE'})}.{body}.",
        "alg nOnE": f"{_encoded({**header, 'alg': 'nOnE'})}.{body}.",
    }


def _encoded(part: Mapping[str, Any]) -> str:
    from jwt.utils import base64url_encode

    return base64url_encode(json.dumps(part, separators=(",", ":")).encode()).decode()


def _lifetime(claims: Mapping[str, Any]) -> float | None:
    end, begin = _end(claims), claims.get("iat")
    now = time.time()
    return None if end is None else float(end - min(now, begin if isinstance(begin, int | float) else now))


def _end(claims: Mapping[str, Any]) -> float | None:
    end = claims.get("exp")
    return None if isinstance(end, bool) or not isinstance(end, int | float) else end


def _well_known(token: str, alg: str) -> bool:
    import jwt
    from jwt.algorithms import HMACAlgorithm
    from jwt.utils import base64url_decode

    try:
        algorithm = jwt.get_algorithm_by_name(alg)
    except NotImplementedError:
        return False
    if not isinstance(algorithm, HMACAlgorithm):
        return False
    signed, _, signature = token.rpartition(".")
    wanted, message = base64url_decode(signature), signed.encode()
    digest = f"sha{alg[-3:]}"
    return any(hmac.compare_digest(hmac.digest(key, message, digest), wanted) for key in known_keys())


@fact(deadline=SIGNED_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, fact_class="active")
def webhooks(url: Url, connection: Connection, *, ask: HookTrial) -> tuple[TrialOutcome, ...]:
    """What a webhook's endpoint does with messages that are not validly signed, and finally with one that is."""
    until = time.monotonic() + SIGNED_SECONDS
    key = _declared(url, ask.credential).encode()
    now, body = int(time.time()), ask.payload.encode()
    sendings: list[tuple[str, bytes, tuple[tuple[str, str], ...]]] = [
        ("unsigned", body, ()),
        ("signed with another key", body, _signature(ask, uuid4().bytes, body, now)),
        ("altered after signing", body + b" ", _signature(ask, key, body, now)),
    ]
    if ask.scheme == "stripe":
        stale = now - ask.tolerance - 60
        sendings.append((f"signed {now - stale} s ago", body, _signature(ask, key, body, stale)))
    sendings.append(("rightly signed", body, _signature(ask, key, body, now)))
    with once(), open_session(url, connection, once=True) as session:

        def send(body: bytes, signature: tuple[tuple[str, str], ...]) -> Response:
            headers = (("Content-Type", "application/json"), *ask.headers, *signature)
            return session.send("POST", on_host(url, ask.path), headers=headers, body=body, until=until)

        return tuple(outcome_of(name, send(body, signature)) for name, body, signature in sendings)


def _signature(ask: HookTrial, key: bytes, body: bytes, at: int) -> tuple[tuple[str, str], ...]:
    from base64 import b64encode

    encode: Callable[[bytes], str] = bytes.hex if ask.encoding == "hex" else lambda raw: b64encode(raw).decode()
    if ask.scheme == "stripe":
        signed = hmac.digest(key, f"{at}.".encode() + body, "sha256")
        return (("Stripe-Signature", f"t={at},v1={signed.hex()}"),)
    signed = hmac.digest(key, body, "sha256")
    if ask.scheme == "github":
        return (("X-Hub-Signature-256", f"sha256={signed.hex()}"),)
    return ((ask.header, f"{ask.prefix}{encode(signed)}"),)
