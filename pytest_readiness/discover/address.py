"""An address that the user gave: the only place that is contacted over the network, and what it tells of itself."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.discover.found import LOCAL, PROD, Discovered, Record, Skipped, environment_of, named, said
from pytest_readiness.discover.known import place_of
from pytest_readiness.discover.project import Project
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.errors import Untrusted
from pytest_readiness.protocols.http.trust import SYSTEM_STORE, Trust, authority_fault

SECONDS = 20.0
"""For all that is asked of one address."""
PATHS = {
    "health": ("/healthz", "/health", "/api/health", "/actuator/health", "/up"),
    "readiness": ("/readyz", "/ready", "/health/ready", "/actuator/health/readiness"),
    "liveness": ("/livez", "/live", "/health/live", "/actuator/health/liveness"),
}
"""What is tried for each field of a url."""
UNKNOWN = "/readiness-init/there-is-no-such-page"
"""What a server that answers everything alike would answer, too."""
MOST_AUTHORITIES = 20
MOST_BODY = 65_536
MOST_FILE = 2**20
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""In which programs are told of a private authority."""


def address(text: str) -> str:
    """An address as it was given, with https where it has no scheme.

    Raises:
        ValueError: it is none; the text is a sentence that quotes no password.
    """
    url = text.strip() if "://" in text else f"https://{text.strip()}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("The address cannot be read; write it as https://shop.example.com.") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("Write the address without user, password, '?' and '#', as https://shop.example.com.")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or any(map(str.isspace, url)):
        raise ValueError("The address must be one of http or https, as https://shop.example.com.")
    return url


def target_of(url: str) -> str:
    """The target that an address is of, by its host."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return LOCAL
    try:
        return LOCAL if ip_address(host).is_loopback else PROD
    except ValueError:
        return environment_of(host, PROD)


def find(project: Project, url: str, environment: Mapping[str, str]) -> Iterator[Record]:
    """What answers at an address, and what it tells.

    Args:
        project: the folder, where the file of a private authority may be.
        url: checked by `address`.
        environment: in which variables may lead to such a file.
    """
    parts = urlsplit(url)
    host, target = parts.hostname or "", target_of(url)
    until = time.monotonic() + SECONDS
    fields: dict[str, str] = {"url": url}
    same = {place_of(url)}
    told: list[str] = []
    unseen = ""
    source = "--url"
    try:
        trust, response = _reached(project, url, environment, until)
        if trust.ca:
            fields["ca"] = _relative(trust.ca, project.folder)
            told.append("its authority is a private one, which this file holds")
        source += f", which answered {response.status}"
        if server := response.header("server"):
            source += f" (server: {said(server)})"
        if secured := _secured(url, response):
            # What a browser ends at is what people use; that the plain one leads there is looked at by its checks.
            fields = {"url": secured} | ({} if parts.port in (None, 80) else {"plain_http": url})
            same.add(place_of(secured))
            told.append(f"{url} leads there, and it was not contacted itself: --url {secured} has it looked at, too")
        else:
            told += _told(url, response)
            fields |= _probes(url, trust, until)
    except Untrusted as error:
        unseen = f"{said(str(error))}; where its authority is a private one, name its file: ca: PATH"
    except CouldNotVerify as error:
        unseen = f"nothing was seen there: {said(str(error))}"
    if unseen:
        told.append(unseen)
        yield Skipped(f"--url {url}", unseen)
    yield Discovered("urls", _name(host), fields, source, target, "; ".join(told), frozenset(same))
    if target != LOCAL and "." in host and not _is_ip(host):
        domain = host.removeprefix("www.") if host.count(".") > 1 else host
        yield Discovered(
            "domains", _name(host), {"domain": domain}, "--url", target, same=frozenset((f"domain:{domain}",))
        )


def _reached(project: Project, url: str, environment: Mapping[str, str], until: float) -> tuple[Trust, Response]:
    """Whom to trust there, and what the address answers."""
    try:
        return SYSTEM_STORE, _get(url, url, SYSTEM_STORE, until)
    except Untrusted as error:
        refused = error
    for path in _authorities(project, environment):
        trust = Trust(ca=path)
        try:
            return trust, _get(url, url, trust, until)
        except Untrusted:
            continue
    raise refused


def _get(origin: str, url: str, trust: Trust, until: float) -> Response:
    with Session(origin, trust=trust) as session:
        return session.send("GET", url, until=until, max_body=MOST_BODY)


def _authorities(project: Project, environment: Mapping[str, str]) -> Iterator[Path]:
    """Files of authorities: those in the folder, and those that the environment or mkcert name."""
    inside = [project.folder / path for path in project.named("*.pem", "*.crt", "*.cer")]
    home = Path(environment.get("HOME") or "~").expanduser()
    root = environment.get("CAROOT") or str(home / ".local" / "share" / "mkcert")
    outside = [Path(environment[name]) for name in _VARIABLES if environment.get(name)] + [Path(root, "rootCA.pem")]
    yield from [path for path in (*inside, *outside) if _is_authority(path)][:MOST_AUTHORITIES]


def _is_authority(path: Path) -> bool:
    """Whether the first certificate of a file is an authority's: trusting a server's own would hide its authority."""
    from cryptography import x509

    try:
        if not path.is_file() or path.stat().st_size > MOST_FILE:
            return False
        with warnings.catch_warnings():
            # Of old forms of certificates, which are no business of who asks for a first file.
            warnings.simplefilter("ignore")
            if authority_fault(path):
                return False
            first = x509.load_pem_x509_certificate(path.read_bytes())
            return first.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, OSError, x509.ExtensionNotFound):
        return False


def _told(url: str, response: Response) -> Iterator[str]:
    if location := response.location:
        leads = urlsplit(location)
        if (leads.scheme, leads.netloc) != urlsplit(url)[:2]:
            there = f"it leads to {_origin(location)}"
            yield said(f"{there}, which was not contacted: is that the address that people use?")
    elif not 200 <= response.status < 300:
        yield f"its root answers {response.status}: where that is right, add status: {response.status}"


def _secured(url: str, response: Response) -> str:
    """The same page by https, where all that a plain address does is to lead there; "" otherwise."""
    plain, leads = urlsplit(url), urlsplit(response.location)
    if (plain.scheme, leads.scheme) != ("http", "https") or plain.hostname != leads.hostname or leads.query:
        return ""
    origin = _origin(response.location)
    return f"{origin}{plain.path}" if origin and plain.path.rstrip("/") == leads.path.rstrip("/") else ""


def _origin(location: str) -> str:
    """Scheme, host and port of an address, without the user; "" where its port is none."""
    parts = urlsplit(location)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _probes(url: str, trust: Trust, until: float) -> dict[str, str]:
    """The path that answers for each field, where the server tells known paths from unknown ones."""
    found: dict[str, str] = {}

    def answers(path: str) -> bool:
        response = _get(url, urljoin(url, path), trust, until)
        return 200 <= response.status < 300 and not response.html

    try:
        if answers(UNKNOWN):
            return {}
        for field, paths in PATHS.items():
            if path := next(filter(answers, paths), ""):
                found[field] = path
    except CouldNotVerify:
        pass
    return found


def _name(host: str) -> str:
    if _is_ip(host):
        return "web"
    return named(host.removeprefix("www.").partition(".")[0], "web")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder) if path.is_relative_to(folder) else str(path)
