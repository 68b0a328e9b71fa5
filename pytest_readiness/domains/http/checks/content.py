"""What is in a page and its scripts: insecure addresses, dead links, traces of development, keys."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field
from requests.utils import parse_header_links

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.assets import answered, page_of
from pytest_readiness.domains.http.checks.headers import parse_csp
from pytest_readiness.domains.http.facts.assets import Asset, Assets, Followed, Links, loaded, urljoin_or_nothing
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.markup import Markup, parse


def markup_of(response: Response) -> Markup:
    """The page's markup.

    Raises:
        CouldNotVerify: it is not a page of HTML, an error, or too long.
    """
    place = shown(response.url)
    if not 200 <= response.status <= 299 or not response.html:
        kind = response.header("content-type") or "no Content-Type"
        raise CouldNotVerify(f"GET {place} was answered {response.status} with {cut(kind, 60)}, which is not a page")
    if response.truncated:
        raise CouldNotVerify(f"the page at {place} is too long to be looked at as a whole")
    return parse(response.body)


@check(
    "http.mixed_content",
    severity="medium",
    remedy="Write these addresses with https, or relative to the page.",
    source="W3C Mixed Content; MDN, 'Mixed content'",
)
def mixed_content(response: Response, assets: Assets) -> Evidence:
    """Nothing that the page names to be loaded, and no form of it, has an address over plain http.

    Looked at: scripts, styles, images with their alternatives, media, frames and forms of the page that a visitor of
    the root ends on, what its header Link has browsers load, `url()` and `image-set()` in its styles and in the style
    sheets that it loads, and redirects on the way to each resource. A page that came over plain http itself makes the
    claim false. What scripts load is not seen, nor what style sheets load that style sheets import. With the directive
    upgrade-insecure-requests of Content-Security-Policy, which browsers follow, there is a warning only.
    """
    place = shown(response.url)
    expected = f"nothing over plain http from {place}"
    claim(response.secure, expected=expected, seen=f"the page itself came over plain http from {place}")
    markup = markup_of(response)
    base = urljoin_or_nothing(response.url, markup.base) or response.url
    forms = [urljoin_or_nothing(base, each.address) for each in markup.references if each.kind == "form"]
    every = [("form", address) for address in forms if address]
    every += [(kind, address) for kind, address, _ in loaded(response.url, markup)]
    every += [("Link", address) for address in _linked(response)]
    every += [(f"in {shown(asset.url)}", address) for asset in assets.assets for address in asset.plain]
    plain = list(dict.fromkeys(f"{kind} {shown(address)}" for kind, address in every if address.startswith("http:")))
    policies = parse_csp(response.values("content-security-policy"), markup.policies)
    upgraded = any("upgrade-insecure-requests" in policy for policy in policies)
    seen = cut(f"{len(plain)}: {'; '.join(plain)}", 400)
    claim(not plain or upgraded, expected=expected, seen=seen)
    unread = [asset for asset in assets.assets if asset.kind == "style" and asset.answer is None]
    if unread:
        raise CouldNotVerify(unread[0].problem)
    warning = f"Named over plain http, and upgraded by upgrade-insecure-requests: {seen}" if plain else ""
    if assets.left_out:
        warning = warning or f"{assets.left_out} further resources were not asked for."
    how = f"{len(plain)} over http, all upgraded" if plain else "none over http"
    return Evidence(f"{len(every)} addresses that {place} loads or sends forms to, {how}", warning=warning)


_LOADING = {"preload", "modulepreload", "stylesheet", "prefetch"}


def _linked(response: Response) -> list[str]:
    """Absolute addresses of what the header Link has browsers load (RFC 8288)."""
    links = [each for value in response.values("link") for each in parse_header_links(value)]
    loads = [each["url"] for each in links if _LOADING.intersection(each.get("rel", "").lower().split())]
    return [address for each in loads if (address := urljoin_or_nothing(response.url, each))]


@check(
    "http.links",
    severity="low",
    remedy="Fix or remove these links, or redirect the old addresses to the new ones.",
    source="RFC 9110 sections 15.5.5 and 15.5.11; W3C, 'Cool URIs don't change'",
    asks=lambda _, external, max_links: {"links": Followed(external, max_links)},
)
def links(
    response: Response,
    links: Links,
    *,
    external: bool = False,
    max_links: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Evidence:
    """No link from the page to its own origin is dead, nor, where asked, one to another.

    Links of the page that a visitor of the root ends on are followed by GET, with redirects, one step deep. A link is
    dead if it ends with a status of 400 or above. One that asks for a login (401, 403), answers other methods only
    (405) or, on another host, refuses programs (429, 503, LinkedIn's 999) is not dead, and gives a warning; where all
    do, nothing was seen. A link that is answered like any unknown path, with 200 (a single-page application), a refusal
    (storage that lists nothing) or a redirect to the same address, cannot be verified; nor can a page without links.
    Not looked at: whether the place behind a # is on the page, and links that scripts make.

    Args:
        external: follow links to other origins, too. False: they belong to others, and are not asked.
        max_links: how many links to follow at most, 1 to 200, in the page's order; a warning says how many are left.
            50: takes less than a minute at a second each.
    """
    _ = markup_of(response)
    place = shown(response.url)
    refusals = {True: (401, 403, 405), False: (401, 403, 405, 429, 503, 999)}
    closed = [link for link in links.links if link.status in refusals[link.own]]
    dead = [
        f"{shown(link.url)} ({link.status}{f' from {shown(link.end)}' if link.end != link.url else ''})"
        for link in links.links
        if link.status >= 400 and link not in closed and link.status != 429
    ]
    claim(not dead, expected=f"no dead link on {place}", seen=cut(f"{len(dead)}: {'; '.join(dead)}", 500))
    for link in links.links:
        if link.problem:
            raise CouldNotVerify(link.problem)
        if link.status == 429 and link.own:
            raise CouldNotVerify(f"GET {shown(link.url)} was answered 429")
        if link.own and link.like_missing and (200 <= link.status <= 299 or link in closed):
            raise CouldNotVerify(
                f"GET {shown(link.url)} was answered {link.status} like any unknown path: a dead link would look alive"
            )
    if not links.links:
        raise CouldNotVerify(f"GET {place} holds no link to another page{'' if external else ' of its own origin'}")
    if len(closed) == len(links.links):
        raise CouldNotVerify(
            f"none of {len(closed)} links of {place} can be followed, the first is answered {closed[0].status}"
        )
    warnings = []
    if closed:
        told = ", ".join(f"{shown(link.url)} ({link.status})" for link in closed)
        warnings.append(cut(f"Not accessible: {told}", 300) + ".")
    if links.found > len(links.links):
        warnings.append(f"{links.found - len(links.links)} of {links.found} links were not followed.")
    counted = Counter(link.status for link in links.links)
    told = ", ".join(f"{status} x {count}" for status, count in sorted(counted.items()))
    return Evidence(f"{len(links.links)} links of {place}: {told}", warning=" ".join(warnings))


HostName = Annotated[
    str, spelled(r"^[A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9]$", "a host's name alone, such as api.example.com")
]


@check(
    "http.bundle",
    severity="critical",
    remedy="Build with the environment's own settings, keep secrets on the server, and change every key that leaked.",
    source="OWASP WSTG-INFO-05; CWE-540, CWE-798",
    asks=lambda _, api: {"assets": api},
)
def bundle(
    url: Url,
    assets: Assets,
    *,
    api: HostName | None = None,
    hosts: Annotated[list[HostName], Field(min_length=1)] | None = None,
) -> Evidence:
    """The page's scripts hold nothing of the shape of a secret, no developer's address, and the declared API host.

    Looked at: the scripts in the page that a visitor of the root ends on, its attributes that hold data or code for
    them (`data-…`, `on…`, JSON), and the scripts that it names on the endpoint's own host, also without the escapes of
    JSON and JavaScript. Secrets are found by the shapes that providers document, as private keys, as passwords in
    addresses, and as random values (80 bits or more) of names with secret, password or private key; what they are never
    leaves the check. Addresses of localhost count where they have a port or path; libraries hold bare ones to build on,
    which gives a warning. Those in private networks (RFC 1918, RFC 4193, 169.254/16, 100.64/10, *.local, *.test, *.lan,
    *.internal, host.docker.internal, and a container's name with a port), of the machine itself (lvh.me, nip.io), and
    of tunnels to a developer's machine (ngrok, localtunnel, cloudflared, dev tunnels, Codespaces and others) count
    unless they are the endpoint's own, or declared here. Scripts that are loaded later by scripts are not seen, unless
    the page preloads them. A page without scripts cannot be verified. Not looked at: scripts of other pages, and
    secrets of another shape under other names.

    Args:
        api: host name of the API, with its port where it has one, which one of the scripts must name
            (`api.example.com`). Default: no name is looked for.
        hosts: further hosts whose scripts are the product's own, such as a CDN's. Default: the endpoint's host alone.
    """
    place = shown(page_of(assets).url)
    mine = {url.host, *(hosts or ())}
    scripts = [asset for asset in assets.assets if asset.kind == "script" and _is_on(asset, mine)]
    found = [(shown(asset.url), asset.code) for asset in scripts if asset.code]
    if assets.inline:
        found.append((f"in {place}", assets.inline))
    scripted = bool(found)
    if assets.data.length:
        found.append((f"in attributes of {place}", assets.data))
    codes = [(name, code) for name, code in found if code]
    keys = [f"{name}: {', '.join(code.keys)}" for name, code in codes if code.keys]
    claim(not keys, expected=f"no secret in the scripts of {place}", seen=cut("; ".join(keys), 400))
    declared = {urlsplit(url.url).netloc.lower(), *(name.lower() for name in (*mine, *([api] if api else ())))}
    local = []
    for name, code in codes:
        foreign = [address for address, host in code.private if not {host, _without_port(host)} & declared]
        if developers := [*code.local, *foreign]:
            local.append(f"{name}: {', '.join(developers)}")
    claim(not local, expected=f"no developer's address in the scripts of {place}", seen=cut("; ".join(local), 400))
    for asset in scripts:
        if asset.code is None:
            raise CouldNotVerify(f"{shown(answered(asset).url)} was not read as a script")
        if answered(asset).truncated:
            raise CouldNotVerify(f"{shown(asset.url)} is too long to be looked at as a whole")
    if not scripted:
        others = sum(asset.kind == "script" for asset in assets.assets)
        raise CouldNotVerify(f"GET {place} serves no script of its own ({others} from other hosts)")
    if assets.left_out:
        raise CouldNotVerify(f"{assets.left_out} of the resources of {place} were not looked at")
    size = sum(code.length for _, code in codes)
    naming = [name for name, code in codes if api in code.named]
    seen = f"{len(codes)} scripts of {place}, {size} characters"
    claim(not api or bool(naming), expected=f"the API host {api} in a script of {place}", seen=f"not named in {seen}")
    hosted = [f"{name}: {', '.join(code.placeholders)}" for name, code in codes if code.placeholders]
    return Evidence(
        f"{seen}: nothing of the shape of a secret, no developer's address{f', {api} in {naming[0]}' if api else ''}",
        warning=cut(f"Bare local addresses, as libraries hold them: {'; '.join(hosted)}", 300) if hosted else "",
    )


def _without_port(place: str) -> str:
    return re.sub(r":\d+$", "", place).strip("[]")


def _is_on(asset: Asset, hosts: set[str]) -> bool:
    parts = urlsplit(asset.url)
    return bool({parts.hostname, parts.netloc} & hosts)
