"""How a page and what it loads are served: whole, compressed, cached, light, and by a CDN.

The page that a visitor of the root ends on is looked at, and what its markup and the styles in it name (`assets`). What
scripts load later is not seen.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut, figure
from pytest_readiness.domains.http.facts.assets import Asset, Assets
from pytest_readiness.protocols.http.addresses import origin, shown
from pytest_readiness.protocols.http.answer import Response


def page_of(assets: Assets) -> Response:
    """The page's own answer.

    Raises:
        CouldNotVerify: it is not a page of HTML, or an error.
    """
    answer = assets.page.answer
    if answer is None:
        raise CouldNotVerify(assets.page.problem)
    if not 200 <= answer.status <= 299 or not assets.page.html:
        kind = media_type(answer) or "no Content-Type"
        raise CouldNotVerify(f"GET {shown(answer.url)} was answered {answer.status} with {kind}, which is not a page")
    return answer


def media_type(answer: Response) -> str:
    """Content-Type without its parameters, in lower case."""
    return answer.header("content-type").partition(";")[0].strip().lower()


def answered(asset: Asset) -> Response:
    """The answer of a resource itself, not an error or page in its place.

    Raises:
        CouldNotVerify: it is neither.
    """
    if asset.answer is None:
        raise CouldNotVerify(asset.problem)
    if wrong := _wrong(asset, asset.answer):
        raise CouldNotVerify(f"GET {shown(asset.url)} was answered {wrong} (http.static_assets looks at that)")
    return asset.answer


_TYPES = {
    "script": r"(application|text)/(x-)?(javascript|ecmascript)",
    "style": r"text/css",
    "image": r"image/.+",
    "font": r"font/.+|application/(x-)?font-.+|application/vnd\.ms-fontobject|application/octet-stream",
    "media": r"(video|audio)/.+|application/(ogg|mp4|vnd\.apple\.mpegurl|dash\+xml|x-mpegurl)",
    "manifest": r"application/(manifest\+)?json|text/json|application/octet-stream",
}


def _wrong(asset: Asset, answer: Response) -> str:
    """What is wrong with the answer of a resource; "" for the page itself and where all is right."""
    if asset.kind == "page":
        return ""
    if answer.status != 200:
        return f"{answer.status}"
    kind = media_type(answer)
    if asset.mistaken and not asset.html:
        return f"200 with {asset.mistaken} as {kind or 'no Content-Type'}"
    if (asset.html and asset.kind != "object") or not re.fullmatch(_TYPES.get(asset.kind, ".*"), kind):
        return f"200 with {'a page as ' if asset.html and kind != 'text/html' else ''}{kind or 'no Content-Type'}"
    return "" if answer.size else "200 without content"


def _all(assets: Assets) -> tuple[Asset, ...]:
    return assets.page, *assets.assets


def _limited(assets: Assets) -> str:
    """A warning where not all resources were looked at."""
    return f"{assets.left_out} further resources were not looked at." if assets.left_out else ""


def _kinds(assets: Iterable[Asset]) -> str:
    counted = Counter(asset.kind for asset in assets)
    return ", ".join(f"{kind} {count}" for kind, count in sorted(counted.items()))


@check(
    "http.static_assets",
    severity="high",
    remedy="Deploy the page and its files together, and let missing files answer 404 instead of the page.",
    source="WHATWG HTML, fetching of scripts and styles; WHATWG MIME Sniffing Standard",
)
def static_assets(assets: Assets) -> Evidence:
    """Each script, style, image, font and manifest that the page names answers 200 with its own type.

    On every host, redirects followed; also what modules in the page import, what an import map leads to, and objects,
    which may be pages. A page in the place of a file (a single-page application's fallback), what cannot be a script or
    style (JSON, markup, gzip without Content-Encoding), a pointer of Git LFS or an empty file makes the claim false;
    429, and on other hosts statuses that refuse programs (401, 403, 503), leave it open. At most 100 are asked for; of
    a video the beginning. A page that names none cannot be verified. Not looked at: what style sheets import, what
    scripts load later, and whether the content is what it should be otherwise.
    """
    place = shown(page_of(assets).url)
    if not assets.assets:
        raise CouldNotVerify(f"GET {place} names no script, style, image or other resource")
    problems = [
        f"{shown(asset.url)}: {wrong}, named as {asset.kind}"
        for asset in assets.assets
        if asset.answer and not _turned_away(asset.answer, place) and (wrong := _wrong(asset, asset.answer))
    ]
    seen = f"{len(problems)} of {len(assets.assets)} differ: {'; '.join(problems)}"
    claim(not problems, expected=f"200 with its own type from each resource of {place}", seen=cut(seen, 500))
    for asset in assets.assets:
        if asset.answer and _turned_away(asset.answer, place):
            raise CouldNotVerify(f"GET {shown(asset.url)} was answered {asset.answer.status}")
        answered(asset)
    return Evidence(f"{len(assets.assets)} resources of {place}: {_kinds(assets.assets)}", warning=_limited(assets))


def _turned_away(answer: Response, page: str) -> bool:
    """Whether the answer is about who asks, not about what is there."""
    return answer.status == 429 or (answer.status in (401, 403, 503) and origin(answer.url) != origin(page))


_TEXT = re.compile(r"text/.+|.+\+(json|xml)|(application|text)/(x-)?(java|ecma)script|application/(json|xml|wasm)")


@check(
    "http.compression",
    severity="low",
    remedy="Compress text: gzip on with gzip_types (nginx), mod_deflate or mod_brotli (Apache), or at the CDN.",
    source="Chrome Lighthouse, uses-text-compression (1400 bytes); RFC 9110 section 8.4",
)
def compression(assets: Assets, *, min_bytes: Annotated[int, Field(ge=0)] = 1400) -> Evidence:
    """The page and every text that it names are compressed.

    Asked for with `Accept-Encoding: gzip, br`. Text is HTML, CSS, JavaScript, JSON, XML, SVG and WebAssembly, by its
    Content-Type, on every host. Where nothing is large enough the claim cannot be verified. What scripts load later is
    not looked at.

    Args:
        min_bytes: smaller texts may come uncompressed, in bytes. 1400: what Lighthouse ignores.
    """
    place = shown(page_of(assets).url)
    codings = Counter[str]()
    small, plain = 0, []
    for asset in _all(assets):
        answer = asset.answer
        if not answer or answer.status != 200 or not _TEXT.fullmatch(media_type(answer)):
            continue
        coding = answer.header("content-encoding").lower()
        if coding in ("gzip", "x-gzip", "br", "deflate"):
            codings[coding] += 1
        elif answer.size < min_bytes:
            small += 1
        else:
            plain.append(f"{shown(answer.url)}: {answer.size} bytes uncompressed")
    seen = f"{len(plain)} uncompressed: {'; '.join(plain)}"
    claim(
        not plain,
        expected=f"every text of {place} from {min_bytes} bytes up in gzip or br",
        seen=cut(seen, 500),
    )
    for asset in _all(assets):
        # What is not there as an image is not text; what was not read may be SVG.
        if asset.answer is None or asset.kind not in ("image", "font", "media"):
            answered(asset)
    if not codings:
        raise CouldNotVerify(f"GET {place} and what it loads hold no text of at least {min_bytes} bytes")
    told = ", ".join(f"{coding} {count}" for coding, count in sorted(codings.items()))
    return Evidence(f"texts of {place}: {told}, {small} too small to matter", warning=_limited(assets))


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression ({error})") from None
    return text


def _hashed(address: str) -> bool:
    """Whether a file's name holds what looks like a hash of its content: `app.3f2a9c1b.js`, `index-BfJZ-aQl.css`."""
    stem = urlsplit(address).path.rpartition("/")[2].rpartition(".")[0][-255:]
    # Eight characters of base64 at the end (Rollup, Vite, esbuild), or anywhere a word that mixes letters and digits.
    if re.search(r"[-.~](?!\d{8}$)(?=\w{0,7}\d|[\w-]{1,7}[A-Z])[\w-]{8}$", stem):
        return True
    # The year or date of a picture is no hash, unless all of the word reads like one.
    words = (
        word if re.fullmatch(r"[0-9a-f]+", word) else re.sub(r"(?<!\d)(19|20)\d\d(\d\d){0,2}(?!\d)", "", word)
        for word in re.split(r"[-_.~]", stem)
        if len(word) >= 8
    )
    mixed = re.compile(r"(?=(\D*\d){2})\w*(\d[A-Za-z]+\d|[A-Za-z]\d+[A-Za-z])")
    return any(mixed.match(word) for word in words)


def directives(answer: Response, header: str = "cache-control") -> dict[str, str]:
    """Cache-Control's directives in lower case with their arguments; of a repeated one the first counts.

    Blanks beside the sign make it another name, which means nothing (RFC 9111 section 5.2).
    """
    found: dict[str, str] = {}
    for part in answer.header(header).lower().split(","):
        name, _, argument = part.strip().partition("=")
        found.setdefault(name, argument.strip('"'))
    return found


def _seconds(told: dict[str, str], *names: str) -> int:
    """The longest of the lifetimes, in seconds; 0 where the answer must not be taken from a cache unasked."""
    if "no-store" in told or "no-cache" in told:
        return 0
    return max((int(told[name]) for name in names if _SECONDS.fullmatch(told.get(name, ""))), default=0)


_SECONDS = re.compile(r"\d{1,15}")


def _until(answer: Response) -> int:
    """Seconds from the answer's Date to its Expires; 0 where that is past, or no date (RFC 9111 section 5.3)."""
    end = _date(answer, "expires")
    begin = _date(answer, "date") or answer.at
    return max(0, int((end - begin).total_seconds())) if end else 0


def _date(answer: Response, header: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        return parsedate_to_datetime(answer.header(header)).astimezone(UTC)
    return None


def _page_lifetime(page: Response) -> int:
    """Seconds for which a browser or a shared cache shows a page without asking, or while it asks.

    Raises:
        CouldNotVerify: one is not a number, which caches read in one way or another.
    """
    told = directives(page)
    for name in {"max-age", "s-maxage"} & told.keys():
        if not _SECONDS.fullmatch(told[name]):
            raise CouldNotVerify(
                f"Cache-Control of {shown(page.url)} has {name}={cut(told[name], 60)}, which is no number of seconds: "
                "caches differ in how they read it"
            )
    kept = _seconds(told, "max-age", "s-maxage") + _seconds(told, "stale-while-revalidate")
    if not told.keys() & {"no-store", "no-cache", "max-age", "s-maxage"}:
        kept = max(kept, _until(page))
    # What these headers tell a CDN counts there instead of Cache-Control.
    for_cdns = [directives(page, name) for name in dict(page.headers) if _CDN.fullmatch(name)]
    return max(kept, *(_seconds(each, "max-age", "s-maxage") for each in for_cdns), 0)


_CDN = re.compile(r"surrogate-control|([a-z]+-)?cdn-cache-control")


def _file_lifetime(answer: Response) -> int:
    """Seconds for which a browser takes a file from its cache."""
    if answer.header("vary").strip() == "*":
        return 0
    told = directives(answer)
    return _seconds(told, "max-age") if told.keys() & {"no-store", "no-cache", "max-age"} else _until(answer)


@check(
    "http.caching",
    severity="low",
    remedy="Send Cache-Control: public, max-age=31536000, immutable with files that have a hash in their name, and "
    "no-cache with HTML.",
    source="web.dev, 'Prevent unnecessary network requests with the HTTP Cache'; RFC 9111; RFC 8246",
)
def caching(
    assets: Assets,
    *,
    min_days: Annotated[int, Field(gt=0)] = 365,
    page_max_seconds: Annotated[int, Field(ge=0)] = 600,
    hashed: Annotated[str, AfterValidator(_expression)] | None = None,
) -> Evidence:
    """Files with a hash in their name may be cached for long, and no header allows that for the page.

    Cache-Control is looked at, and without a lifetime in it Expires; `immutable` without a max-age keeps nothing, and
    `Vary: *` neither. The page may not be kept for longer than asked by max-age or s-maxage together with stale-while-
    revalidate, nor by what is told to CDNs alone (Surrogate-Control, CDN-Cache-Control), and must not be public where
    it sets a cookie. Where the page names no file with a hash in its name, the claim cannot be verified. Not looked at:
    other pages, files without a hash, and what scripts load later.

    Args:
        min_days: shortest accepted max-age of files with a hash, in days. 365: what web.dev recommends; RFC 2616
            section 14.21 let nothing expire later.
        page_max_seconds: longest accepted lifetime of the page, in seconds. 600: what GitHub Pages sends; a new release
            is then seen by everyone after ten minutes.
        hashed: regular expression that finds the files with a hash by their address. Default: eight or more letters and
            digits, mixed, in the last part of the name.
    """
    page = page_of(assets)
    place = shown(page.url)
    told = directives(page)
    seen = f"Cache-Control: {cut(page.header('cache-control'), 100) or 'absent'} from {place}"
    kept = _page_lifetime(page)
    names = [name for name in dict(page.headers) if name == "expires" or _CDN.fullmatch(name)]
    seen += "".join(f", {name.title()}: {cut(page.header(name), 60)}" for name in names)
    expected = f"a page that is kept for at most {page_max_seconds} s"
    unbounded = "immutable" in told and not told.keys() & {"max-age", "s-maxage"}
    claim(kept <= page_max_seconds and not unbounded, expected=expected, seen=seen)
    shared = kept and ("public" in told or "s-maxage" in told)
    claim(not (shared and page.values("set-cookie")), expected="no cookie with a page for shared caches", seen=seen)
    files = [asset for asset in assets.assets if (re.search(hashed, asset.url) if hashed else _hashed(asset.url))]
    short = [
        f"{shown(asset.url)}: {cut(asset.answer.header('cache-control'), 80) or 'no Cache-Control'}"
        f"{', Vary: *' if asset.answer.header('vary').strip() == '*' else ''}"
        for asset in files
        if asset.answer and not _wrong(asset, asset.answer)
        if _file_lifetime(asset.answer) < min_days * 86400
    ]
    claim(
        not short,
        expected=f"max-age of at least {min_days * 86400} s from each of {len(files)} files with a hash in the name",
        seen=cut("; ".join(short), 500),
    )
    for asset in files:
        answered(asset)
    if not files:
        reason = f"none of the {len(assets.assets)} resources of {place} has a hash in its name"
        raise CouldNotVerify(f"{reason} (set 'hashed' to how they are named)")
    silent = "The page sends no Cache-Control: caches may keep it as long as they like."
    warning = _limited(assets) if told.keys() - {""} or page.header("expires") else silent
    return Evidence(f"{seen}; {len(files)} files kept for {min_days} days or more", warning=warning)


Provider = Literal[
    "akamai", "azure", "bunny", "cloudflare", "cloudfront", "fastly", "keycdn", "netlify", "sucuri", "vercel"
]
_PROVIDERS: dict[Provider, tuple[tuple[str, str], ...]] = {
    "akamai": (("x-akamai-transformed", ""), ("akamai-grn", ""), ("x-akamai-request-id", ""), ("server", "akamai")),
    "azure": (("x-azure-ref", ""),),
    "bunny": (("server", "bunnycdn"), ("cdn-pullzone", "")),
    "cloudflare": (("cf-ray", ""), ("server", "cloudflare")),
    "cloudfront": (("x-amz-cf-id", ""), ("x-amz-cf-pop", ""), ("via", "cloudfront")),
    "fastly": (("x-served-by", "cache-"), ("x-fastly-request-id", "")),
    "keycdn": (("server", "keycdn"), ("x-edge-location", "")),
    "netlify": (("x-nf-request-id", ""), ("server", "netlify")),
    "sucuri": (("x-sucuri-id", ""), ("x-sucuri-cache", "")),
    "vercel": (("x-vercel-id", ""), ("server", "vercel")),
}
"""Headers by which a CDN can be recognised, and what their values hold."""


@check(
    "http.cdn",
    severity="low",
    remedy="Point the name at the CDN (its CNAME or addresses), and see that the origin is not reached directly.",
    source="the providers' documentation of their response headers",
)
def cdn(
    assets: Assets,
    *,
    part: Literal["page", "assets"] = "page",
    provider: Provider | None = None,
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(: ?\S.*)?$")] | None = None,
) -> Evidence:
    """The page, or each of its files, comes with a header by which a CDN is known.

    Such as CF-Ray or X-Served-By; `Via` and `X-Cache` alone do not count, since any proxy sends them. Not looked at:
    whether that is not made up, whether the CDN holds the content in its cache, and whether the origin can be reached
    directly.

    Args:
        part: what must come from the CDN: the page, or every file that it names on its own and other hosts.
        provider: the CDN: akamai, azure, bunny, cloudflare, cloudfront, fastly, keycdn, netlify, sucuri or vercel.
            Default: any of them.
        header: header of another CDN or of your own, alone or with the text that its value must hold
            (`X-Edge: fra`). Default: those that the providers are known by.
    """
    page = page_of(assets)
    if part == "assets" and not assets.assets:
        raise CouldNotVerify(f"GET {shown(page.url)} names no script, style, image or other resource")
    told = [(asset.url, _told(answered(asset), provider, header)) for asset in _parts(assets, part)]
    missing = [shown(address) for address, who in told if not who]
    wanted = f"the header {header}" if header else f"a header of {provider or 'a CDN'}"
    seen = f"none from {len(missing)} of {len(told)}: {', '.join(missing)}"
    claim(not missing, expected=f"{wanted} from {part} of {shown(page.url)}", seen=cut(seen, 400))
    counted = Counter(who for _, who in told)
    return Evidence(
        "; ".join(f"{who} from {count} of {len(told)}" for who, count in sorted(counted.items())),
        warning=_limited(assets) if part == "assets" else "",
    )


def _parts(assets: Assets, part: Literal["page", "assets"]) -> tuple[Asset, ...]:
    return assets.assets if part == "assets" else (assets.page,)


def _told(answer: Response, provider: Provider | None, header: str | None) -> str:
    """The header that names the CDN, without what changes from answer to answer; "" where there is none."""
    if header:
        name, _, text = header.partition(":")
        found = [value for value in answer.values(name) if text.strip().lower() in value.lower()]
        return header if found else ""
    for each, signs in _PROVIDERS.items():
        for name, text in signs:
            if provider in (None, each) and any(text in value.lower() for value in answer.values(name)):
                return f"{each} ({name})"
    return ""


@check(
    "http.page_weight",
    severity="low",
    remedy="Compress text and images, split scripts, and load late what the first view does not need.",
    source="Chrome Lighthouse, total-byte-weight (stay below 1600 KiB)",
)
def page_weight(
    assets: Assets,
    *,
    max_kb: Annotated[float, Field(gt=0)] = 1600,
    max_script_kb: Annotated[float, Field(gt=0)] | None = None,
) -> Evidence:
    """The page and what it loads at once weigh no more than the limit.

    The bytes of the bodies as they are transferred, with `Accept-Encoding: gzip, br`: the page, and the scripts,
    styles, images and preloads that every browser loads. Left out: alternatives (srcset), what style rules may need,
    images that load lazily, scripts with nomodule, what is in noscript and template, icons, video and audio, frames,
    and what scripts load later. A page that names more than 100 resources cannot be verified.

    Args:
        max_kb: limit for all together, in KiB (1024 bytes). 1600: what Lighthouse asks for.
        max_script_kb: limit for the scripts alone, in KiB; a page without scripts cannot be verified then. Default:
            they count only in the total.
    """
    place = shown(page_of(assets).url)
    heavy = [asset for asset in _all(assets) if asset.kind == "page" or asset.certain]
    total = sum(asset.answer.size for asset in heavy if asset.answer)
    scripts = [asset for asset in heavy if asset.kind == "script"]
    of_scripts = sum(asset.answer.size for asset in scripts if asset.answer)
    largest = max(heavy, key=lambda asset: asset.answer.size if asset.answer else 0)
    figures = f"{figure(total / 1024, max_kb)} KiB in {len(heavy)} files of {place} ({_kinds(heavy)})"
    figures += f", scripts {figure(of_scripts / 1024, max_script_kb or math.inf)} KiB"
    if largest.answer:
        figures += f", largest {shown(largest.url)} with {largest.answer.size / 1024:.1f} KiB"
    claim(total <= max_kb * 1024, expected=f"at most {max_kb:g} KiB", seen=figures)
    if max_script_kb is not None:
        claim(of_scripts <= max_script_kb * 1024, expected=f"at most {max_script_kb:g} KiB of scripts", seen=figures)
        if not scripts:
            raise CouldNotVerify(f"GET {place} names no script")
    for asset in heavy:
        if answered(asset).truncated:
            raise CouldNotVerify(f"{shown(asset.url)} is too long to be read as a whole")
    if assets.left_out:
        raise CouldNotVerify(f"{assets.left_out} of the resources of {place} were not weighed")
    bare = "" if len(heavy) > 1 else "The page names nothing that every browser loads: it was weighed alone."
    return Evidence(figures, warning=bare)
