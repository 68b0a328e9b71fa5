"""Who is let in: no one without a credential, no one beyond their role, no forged token, no foreign page's request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import urljoin, urlsplit
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import figure
from pytest_readiness.domains.http.disclosure import MUCH
from pytest_readiness.domains.http.facts.admission import Admittance, Entrance, Guise
from pytest_readiness.domains.http.facts.forms import CsrfTrial, Encoding, Form, TrialOutcome, need_shown
from pytest_readiness.domains.http.facts.signed import LEEWAY, Tokens, TokenTrial
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.domains.http.unknown import respelled
from pytest_readiness.protocols.http.addresses import is_login, shown
from pytest_readiness.protocols.http.answer import Response

Paths = Annotated[list[UrlPath], Field(min_length=1)]
Name = Annotated[str, Field(min_length=1)]
Login = Annotated[
    str, spelled(r"^(/|https?://)[^\s#]*$", "a path that begins with a slash, or an address, such as /login")
]


def _ok(status: int) -> bool:
    return 200 <= status <= 299


def _said(answer: Response) -> str:
    return f"{answer.status} to {shown(answer.location)}" if answer.location else f"{answer.status}"


def _leads_to(answer: Response, login: str | None) -> bool:
    """Whether an answer is a redirect to the declared login."""
    if not login or not answer.location:
        return False
    goal, declared = urlsplit(answer.location), urlsplit(urljoin(answer.url, login))
    return (goal.scheme, goal.netloc, goal.path) == (declared.scheme, declared.netloc, declared.path)


def declared(url: Url, *names: str | None) -> None:
    """Make sure that the endpoint has these credentials.

    Raises:
        NotDeclared: it lacks one.
    """
    for name in filter(None, names):
        url.credential(name)


def _asks_each(url: Url, paths: list[str], credential: str | None) -> Asks:
    declared(url, credential)
    return {"admission": [*(admittance(path, credential) for path in paths), *map(_beyond, paths)]}


def admittance(path: str, credential: str | None) -> Admittance:
    """Nobody at a path, a wrong credential and the right one, if there is one, and then nobody again, in this order.

    Caches may keep what the right one gets, and hand it to whoever comes next.

    Args:
        path: on the host.
        credential: name of the right one, if there is one.
    """
    right = (Guise(credential), Guise()) if credential else ()
    return Admittance(path, (Guise(), Guise(credential or "", wrong=True), *right))


def _beyond(path: str) -> Admittance:
    """Nobody, at the path with a slash or without."""
    return Admittance(respelled(path), (Guise(),))


def _kept(place: str, entrance: Entrance, what: str, credential: str) -> None:
    """Make sure that a refusal does not hold what it refuses.

    Raises:
        ClaimFalse: it does.
    """
    claim(
        entrance.disclosed < MUCH,
        expected=f"no content from {place} {what}",
        seen=f"{entrance.answer.status} with {entrance.disclosed:.0%} of what the credential '{credential}' gets",
    )


def _forgotten(place: str, entrance: Entrance, what: str, credential: str) -> None:
    """Make sure that what a credential got is not kept for those who come later.

    Raises:
        ClaimFalse: it is.
    """
    claim(
        not _ok(entrance.answer.status) and entrance.disclosed < MUCH,
        expected=f"no content from {place} {what}, after '{credential}' got it, either",
        seen=f"{entrance.answer.status}; a cache may keep what that credential gets",
    )


@check(
    "http.auth_required",
    severity="critical",
    remedy="Ask for a credential on every one of these paths, and answer 401, 403 or a redirect to the login without.",
    source="RFC 9110 sections 15.5.2 and 15.5.4; OWASP ASVS 5.0 V8.2; OWASP WSTG-ATHZ-02",
    asks=_asks_each,
)
def auth_required(
    admission: Mapping[Admittance, tuple[Entrance, ...]],
    missing_page: Response,
    *,
    paths: Paths,
    login: Login | None = None,
    credential: Name | None = None,
) -> Evidence:
    """Protected paths answer GET by 401, 403 or a redirect to the login without a credential.

    Sends: one GET to each path without a credential, one with a wrong one, one more with the right one where that is
    declared, and then one without again, which a cache must not answer with what that one got; one to the path with a
    slash at its end (or without), and some to paths that do not exist; redirects that only add to the path are
    followed. A 401 or 403 that every unknown path gets as well proves nothing of the declared path, nor does a 404;
    unless the same path answers 2xx with the declared credential. The refusal must not hold what that credential gets;
    without one, a refusal with much text cannot be verified. Other methods than GET are not tried.

    Args:
        paths: paths on the host that must be protected, at least one.
        login: path or address of the login. A redirect to it, and to nothing else, counts as protection. Default: no
            redirect counts.
        credential: name of a credential of the target that opens every one of the paths; then a path that hides itself
            by 404 counts, too. Default: none is shown.
    """
    expected = "401, 403 or a redirect to the declared login without a credential"

    def fallback(answer: Response) -> str:
        alike = (answer.status, bool(answer.location)) == (missing_page.status, bool(missing_page.location))
        return ", as every unknown path is" if alike else ""

    doors = {path: admission[admittance(path, credential)] for path in paths}
    for path in doors:
        (beyond,) = admission[_beyond(path)]
        seen = f"GET {shown(beyond.answer.url)} is answered {beyond.answer.status}"
        is_root = urlsplit(_beyond(path).path).path == "/"
        claim(is_root or beyond.like_missing or not _ok(beyond.answer.status), expected=expected, seen=seen)
    for nobody, wrong, *_ in doors.values():
        answer, place = nobody.answer, f"GET {shown(nobody.answer.url)}"
        claim(not _ok(answer.status), expected=expected, seen=f"{place} is answered {answer.status}{fallback(answer)}")
        seen = f"{place} is answered {wrong.answer.status} with a wrong one"
        claim(not _ok(wrong.answer.status), expected=expected, seen=seen)
    told = []
    for path, (nobody, wrong, *right) in doors.items():
        answer = nobody.answer
        place = f"GET {shown(answer.url)}"
        refused = answer.status in (401, 403) or _leads_to(answer, login)
        for opened in right[:1]:
            if not _ok(opened.answer.status):
                raise CouldNotVerify(
                    f"{place} is answered {_said(opened.answer)} with the credential '{credential}', too; what does "
                    "not open is not known to be protected"
                )
            refused = refused or answer.status == 404
            _kept(place, nobody, "without a credential", credential or "")
            _kept(place, wrong, "with a wrong credential", credential or "")
        for again in right[1:]:
            _forgotten(place, again, "without a credential", credential or "")
        if not right and (missing_page.status == 429 or missing_page.status >= 500):
            raise CouldNotVerify(
                f"GET {shown(missing_page.url)}, an unknown path, was answered {missing_page.status}, so that nothing "
                "is there to compare with"
            )
        if not right and refused and fallback(answer):
            raise CouldNotVerify(
                f"{place} is answered {answer.status}{fallback(answer)}; declare a credential that opens it to tell "
                "the difference"
            )
        if not refused:
            raise CouldNotVerify(f"{place} is answered {_said(answer)}, which says nothing about protection")
        if not right and nobody.words > (MAX_NOTE if answer.location else MAX_REFUSAL):
            raise CouldNotVerify(
                f"{place} is answered {answer.status} with {nobody.words} characters of text, which may be what is "
                "protected; declare a credential that opens it to tell the difference"
            )
        told.append(
            f"{path} {answer.status}" + "".join(f" ({each.answer.status} with {credential})" for each in right[:1])
        )
    return Evidence(f"without a credential: {', '.join(told)}")


MAX_NOTE = 300
"""Characters of the note that goes with a redirect (RFC 9110 section 15.4), and rarely has more than a sentence."""
MAX_REFUSAL = 2000
"""Characters of a page that refuses, with the menu and the foot of its site."""


def _asks_one(url: Url, path: str, credential: str) -> Asks:
    declared(url, credential)
    return {"admission": admittance(path, credential)}


@check(
    "http.auth_works",
    severity="critical",
    remedy="Let the declared credential in, and no one without it.",
    source="RFC 9110 section 11",
    asks=_asks_one,
)
def auth_works(
    admission: tuple[Entrance, ...],
    *,
    path: UrlPath,
    credential: Name,
) -> Evidence:
    """With the declared credential the protected path answers 2xx, and without it or with a wrong one does not.

    Sends: one GET without the credential, one with one that differs from it in its last characters, one with it, and
    one without again, which a cache must not answer with what it got; redirects that only add to the path are followed.
    What answers 2xx to everyone does not show that the credential works. Neither does anything but 400, 401, 403, 404
    or a redirect without it: an error may be a coincidence. The refusals must not hold what the credential gets. A page
    with one field for a password gives a warning, since it may be the login; where the refusals lead to the same page
    on the host, it is.

    Args:
        path: protected path on the host.
        credential: name of a credential of the target.
    """
    without, wrong, right, again = admission
    answer = right.answer
    place = f"GET {shown(answer.url)}"
    if answer.status == 429 or answer.status >= 500:
        raise CouldNotVerify(f"{place} with the credential '{credential}' was answered {answer.status}")
    claim(
        _ok(answer.status),
        expected=f"2xx from {place} with the credential '{credential}'",
        seen=_said(answer),
    )
    claim(
        not right.for_refused,
        expected=f"what {place} holds with the credential '{credential}'",
        seen="the page to log in, to which who is refused is led",
    )
    for entrance, how in ((without, "without any"), (wrong, "with one that differs in its last characters")):
        claim(
            not _ok(entrance.answer.status),
            expected=f"2xx from {place} only with the credential '{credential}'",
            seen=f"{entrance.answer.status} {how}",
        )
    for entrance, how in ((without, "without a credential"), (wrong, "with a wrong credential")):
        _kept(place, entrance, how, credential)
        if entrance.answer.status not in (400, 401, 403, 404) and not entrance.answer.location:
            raise CouldNotVerify(f"{place} was answered {entrance.answer.status} {how}, which proves nothing")
    _forgotten(place, again, "without a credential", credential)
    return Evidence(
        f"{place}: {answer.status} with the credential '{credential}', {_said(without.answer)} without, "
        f"{_said(wrong.answer)} with a wrong one",
        warning=_as_login(right),
    )


def _as_login(entrance: Entrance) -> str:
    """The warning that what a credential opens may be the page to log in; or ""."""
    place = f"GET {shown(entrance.answer.url)}"
    return f"{place} shows a field for a password: it may be the login, which everyone gets." * entrance.asks_password


def _role_asks(url: Url, paths: list[str], credential: str, own: str, admin: str | None) -> Asks:
    declared(url, credential, admin)
    lower = (Guise(credential),)
    doors = [_door(path, credential, admin) for path in paths]
    others = [Admittance(path, lower) for path in (*map(respelled, paths), _unknown_of(url))]
    return {"trespass": [*doors, *others, admittance(own, credential)]}


def _door(path: str, credential: str, admin: str | None) -> Admittance:
    """The lower credential and the higher one, if there is one, and then the lower one again, in this order."""
    return Admittance(path, (Guise(credential), *((Guise(admin), Guise(credential)) if admin else ())))


def _unknown_of(url: Url) -> str:
    return f"/{uuid5(NAMESPACE_URL, url.url)}"


@check(
    "http.role_forbidden",
    severity="critical",
    remedy="Ask for the role, not only for a login, on every one of these paths.",
    source="OWASP Top 10 A01 Broken Access Control; OWASP WSTG-ATHZ-02, WSTG-ATHZ-03",
    check_class="active",
    asks=_role_asks,
)
def role_forbidden(
    url: Url,
    trespass: Mapping[Admittance, tuple[Entrance, ...]],
    *,
    paths: Paths,
    credential: Name,
    own: UrlPath,
    admin: Name | None = None,
    hidden: bool = False,
) -> Evidence:
    """A credential of a lower role is refused by 403 on paths of a higher one, and accepted on its own.

    Sends: one GET to each path with the lower credential, and if the higher is declared one with that, and one with the
    lower again, which a cache must not answer with what the higher got; with the lower one also one to each path with a
    slash at its end (or without) and one to a path that does not exist; finally GETs to its own path without a
    credential, with a wrong one, with the lower one and without again; redirects that only add to the path are
    followed. The lower one must open the own path, which must not be open to all or to the wrong one: otherwise it may
    have been refused because it is broken. The refusal must not hold what the higher one gets. Other methods than GET
    are not tried.

    Args:
        paths: paths on the host that need the higher role, at least one.
        credential: name of the credential of the lower role.
        own: path on the host that this credential opens.
        admin: name of a credential that opens all of the paths. Default: none is shown, and the paths are only known to
            exist if unknown ones are answered differently.
        hidden: whether 404 counts as refused; it needs `admin`. Default: only 403 does.
    """
    if hidden and not admin:
        raise NotDeclared(
            "a path that hides by 404 is only known to exist where 'admin' names a credential that opens it"
        )
    doors = [trespass[_door(path, credential, admin)] for path in dict.fromkeys(paths)]
    nobody, wrong, mine, _ = trespass[admittance(own, credential)]
    unknown = trespass[Admittance(_unknown_of(url), (Guise(credential),))][0].answer
    open_to_all, mistaken, accepted = nobody.answer, wrong.answer, mine.answer
    entrances = [lower for lower, *_ in doors]
    low = [lower.answer for lower in entrances]
    rest = [higher.answer for _, higher, _ in doors] if admin else [unknown]
    wanted = (403, 404) if hidden else (403,)
    expected = f"{' or '.join(map(str, wanted))} with the credential '{credential}'"
    for answer in low:
        claim(not _ok(answer.status), expected=expected, seen=f"{answer.status} from GET {shown(answer.url)}")
    for path in map(respelled, paths):
        (other,) = trespass[Admittance(path, (Guise(credential),))]
        if urlsplit(path).path == "/" or other.like_missing or not _ok(other.answer.status):
            continue
        seen = f"{other.answer.status} from GET {shown(other.answer.url)}"
        if _ok(unknown.status):
            raise CouldNotVerify(f"{seen} with the credential '{credential}', and from unknown paths, too")
        claim(False, expected=expected, seen=seen)
    if not _ok(accepted.status):
        raise CouldNotVerify(
            f"GET {shown(accepted.url)} with the credential '{credential}' was answered {_said(accepted)}"
        )
    if mine.for_refused:
        raise CouldNotVerify(
            f"GET {shown(accepted.url)} with the credential '{credential}' shows the page to log in, to which who is "
            "refused is led"
        )
    if _ok(open_to_all.status):
        raise CouldNotVerify(
            f"GET {shown(accepted.url)} is open to all, so nothing shows that the credential '{credential}' works"
        )
    if _ok(mistaken.status):
        raise CouldNotVerify(
            f"GET {shown(accepted.url)} is open to a credential that differs from '{credential}' in its last "
            "characters, so nothing shows that credentials are looked at"
        )
    for answer in low:
        if answer.status not in wanted:
            raise CouldNotVerify(
                f"GET {shown(answer.url)} was answered {_said(answer)} with the credential '{credential}', which is "
                f"not a {' or '.join(map(str, wanted))}"
            )
    if admin:
        for lower in entrances:
            _kept(f"GET {shown(lower.answer.url)}", lower, f"with the credential '{credential}'", admin)
    for answer in rest:
        if admin and not _ok(answer.status):
            raise CouldNotVerify(f"GET {shown(answer.url)} was answered {_said(answer)} with '{admin}', too")
        if not admin and (answer.status == 429 or answer.status >= 500):
            raise CouldNotVerify(f"GET {shown(answer.url)}, an unknown path, was answered {answer.status}")
        if not admin and answer.status == 403:
            raise CouldNotVerify(
                f"every unknown path is answered 403 with the credential '{credential}'; declare 'admin', a credential "
                "that opens the paths"
            )
    for _, higher, again in doors if admin else ():
        place = f"GET {shown(higher.answer.url)}"
        _forgotten(place, again, f"with the credential '{credential}'", admin or "")
    seen = ", ".join(f"{path} {answer.status}" for path, answer in zip(dict.fromkeys(paths), low, strict=True))
    proof = f"2xx with '{admin}'" if admin else f"{rest[0].status} from unknown paths"
    return Evidence(f"with '{credential}': {seen} ({proof}); its own {own} {accepted.status}", warning=_as_login(mine))


Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]
STRONG: tuple[Algorithm, ...] = get_args(Algorithm)
"""Signature algorithms of RFC 7518 and RFC 8037 that are not "none"."""


def _token_trial(
    url: Url,
    path: str,
    credential: str,
    login: str | None,
    user_field: str,
    password_field: str,
    token_field: str,
    expired: str | None,
) -> Asks:
    named = url.credential(credential)
    if login and named.user is None:
        raise NotDeclared(f"the credential '{credential}' of {url.name} is not a user with a password")
    if not login and named.token is None:
        raise NotDeclared(f"the credential '{credential}' of {url.name} is not a token, and 'login' names no path")
    if expired and url.credential(expired).token is None:
        raise NotDeclared(f"the credential '{expired}' of {url.name} is not a token")
    form = Form(login, encoding="json") if login else None
    return {"tokens": TokenTrial(path, credential, form, user_field, password_field, token_field, expired or "")}


@check(
    "http.jwt",
    severity="critical",
    remedy="Verify signatures with a random key and the one algorithm that you sign with, never one that the token "
    "names, and let tokens expire soon.",
    source="RFC 8725 sections 2.1, 3.1 and 3.5; OWASP WSTG-SESS-10",
    check_class="active",
    asks=_token_trial,
)
def jwt(
    tokens: Tokens,
    *,
    path: UrlPath,
    credential: Name,
    login: UrlPath | None = None,
    user_field: Name = "username",
    password_field: Name = "password",  # noqa: S107 (the name of a field)
    token_field: Name = "access_token",  # noqa: S107 (the name of a field)
    max_age_hours: Annotated[float, Field(gt=0)] = 24,
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] | None = None,
    expired: Name | None = None,
) -> Evidence:
    """An issued token is signed by a strong algorithm, says that it ends in time, and is rejected if tampered with.

    Sends: a login if `login` is declared, and seven GETs to the path: without a token, with an altered signature, with
    altered claims, without a signature, twice without an algorithm (none, NONE), and last with the token itself. That
    one must be accepted, the others must not, nor may they be answered with what that one gets. A token that is
    accepted more than five minutes after its end fails, and so does one signed with a key from well-known examples.
    Whether the end is enforced is only seen where a token is at hand that has ended; otherwise the evidence has a
    warning. Other weak keys are not found, and passing a public key off as a shared one is not tried.

    Args:
        path: path on the host that the token opens.
        credential: name of a credential of the target: the token itself, or the user and password that log in.
        login: path that is sent user and password as JSON by POST, and answers with a token. Default: the credential
            is the token.
        user_field: name of the login's field for the user. username: the most common name.
        password_field: name of the login's field for the password. password: the most common name.
        token_field: field of the login's JSON answer that holds the token, a dot leads into an object. access_token:
            RFC 6749 section 5.1.
        max_age_hours: longest accepted time from being issued to the end, in hours. 24: a working day and the night;
            OWASP asks for minutes to hours.
        algorithms: accepted algorithms. Default: every one of RFC 7518 and EdDSA but none.
        expired: name of a credential that is a token of the same issuer, and ended at least five minutes ago; it must
            be rejected, too. Default: none is shown.
    """
    nobody, *forged, own = tokens.outcomes
    if _ok(nobody.status):
        raise CouldNotVerify(f"{path} is open to all, so nothing shows what becomes of a token")
    decided(path, own)
    for outcome in forged:
        claim(not _ok(outcome.status), expected=f"401 or 403 from {path} with {outcome.name}", seen=f"{outcome}")
    for outcome, disclosed in zip((nobody, *forged), tokens.disclosed[:-1], strict=True):
        claim(
            disclosed < MUCH,
            expected=f"no content from {path} with {outcome.name}",
            seen=f"{outcome} with {disclosed:.0%} of what the token gets",
        )
    refused(path, (nobody, *forged), (400, 401, 403))
    accepted = algorithms or STRONG
    claim(tokens.alg in accepted, expected=f"a token signed by {', '.join(accepted)}", seen=f"alg {tokens.alg}")
    claim(
        not tokens.well_known,
        expected="a token signed with a random key",
        seen=f"{tokens.alg} with a key from examples",
    )
    limit = f"a token that ends within {max_age_hours:g} h"
    claim(tokens.lifetime is not None, expected=limit, seen="a token without exp")
    hours = (tokens.lifetime or 0) / 3600
    claim(hours <= max_age_hours, expected=limit, seen=f"{figure(hours, max_age_hours)} h")
    claim(
        tokens.ended <= LEEWAY,
        expected=f"401 or 403 from {path} with a token that has ended",
        seen=f"{own.status}, {tokens.ended:.0f} s after its end",
    )
    told = ", ".join(f"{outcome.name} {outcome.status}" for outcome in (nobody, *forged))
    return Evidence(
        f"{tokens.alg}, ends after {hours:.1f} h; {path}: {told}, {own.name} {own.status}",
        warning="" if expired else "Whether the end is enforced was not seen: name a token that has ended ('expired').",
    )


def decided(path: str, control: TrialOutcome) -> None:
    """Make sure that what is right was accepted.

    Raises:
        CouldNotVerify: it was not, so that refusing the rest proves nothing.
    """
    if not _ok(control.status):
        raise CouldNotVerify(f"{path} answered {control} to {control.name}, so a refusal of others proves nothing")


def refused(path: str, outcomes: Iterable[TrialOutcome], statuses: tuple[int, ...]) -> None:
    """Make sure that what was not accepted was refused, and did not merely fail.

    Raises:
        CouldNotVerify: it was answered by another status.
    """
    for outcome in outcomes:
        if outcome.status not in statuses:
            wanted = ", ".join(map(str, statuses))
            raise CouldNotVerify(f"{path} answered {outcome} to {outcome.name}, which is none of {wanted}")


REFUSALS = (400, 403, 419, 422)
"""How frameworks refuse a forged request: 403 Django, Spring, Go, 419 Laravel, 422 Rails, 400 Flask-WTF."""


def _csrf_trial(
    url: Url,
    path: str,
    fields: dict[str, str],
    page: str | None,
    token: str | None,
    header: str | None,
    method: str,
    encoding: Encoding,
    credential: str | None,
    text: str | None,
) -> Asks:
    declared(url, credential)
    if token and not page:
        raise NotDeclared("'token' is declared, but no 'page' that provides it")
    form = Form(path, page or "", encoding, method, credential or "", tuple(filter(None, (text,))))
    return {"forgeries": CsrfTrial(form, tuple(fields.items()), token or "", header or "")}


@check(
    "http.csrf",
    severity="high",
    remedy="Refuse state-changing requests that carry no token of the page, or come from another site by Origin or "
    "Sec-Fetch-Site.",
    source="OWASP Cross-Site Request Forgery Prevention cheat sheet; OWASP WSTG-SESS-05",
    check_class="active",
    asks=_csrf_trial,
)
def csrf(
    forgeries: tuple[TrialOutcome, ...],
    *,
    path: UrlPath,
    fields: Annotated[dict[Name, str], Field(min_length=1)],
    page: UrlPath | None = None,
    token: Name | None = None,
    header: Name | None = None,
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST",
    encoding: Encoding = "form",
    credential: Name | None = None,
    text: Name | None = None,
) -> Evidence:
    """A state-changing request from a foreign page is refused, and the same from the site's own page is not.

    Sends: requests with the declared fields and without a token from a foreign Origin, from Origin "null", from those
    that a loose comparison lets in (one that begins like the own one, one that ends like it, one with another character
    for a dot) and with a foreign Referer that contains the own address, and last one from the own Origin with it; where
    a token is declared, also one without and one with a wrong token from the own Origin, and where no credential is
    declared one with the token that another visitor got. Before each one, a GET of the page, if one is declared. The
    last one may change something: declare values that do no harm, or that the application finds invalid. It must be
    answered differently from the refusal, and not with 401, 404, 405, 408, 429 or 5xx; a redirect to a login gives a
    warning. SameSite cookies, which only a browser enforces, do not count. With a credential, whether a token is good
    for other sessions is not seen. Other forms are not tried.

    Args:
        path: path on the host that the form is sent to.
        fields: names and values of the form's fields, at least one, without the token.
        page: path of the page that holds the form; its cookies and hidden fields are sent along. Default: none.
        token: name of the hidden field, meta element or cookie that holds the token. Default: the site has none, and
            only the Origin decides.
        header: header that the token is sent in. Default: it is a field of its own name.
        method: method of the request.
        encoding: form for `application/x-www-form-urlencoded`, json for a JSON document.
        credential: name of the credential (such as a session's cookie) that all requests show. Default: none.
        text: a part of the refusal's text, for a site that refuses with a 2xx page. Default: the status alone decides
            (400, 403, 419 or 422).
    """
    *forged, own = forgeries
    place = f"{method} {path}"

    def by_refusal(outcome: TrialOutcome) -> bool:
        return text in outcome.told if text else outcome.status in REFUSALS

    wanted = f"a refusal with '{text}'" if text else f"one of {', '.join(map(str, REFUSALS))}"
    if text and text in own.blank:
        raise CouldNotVerify(f"'{text}' is already on the form's page, so it proves nothing")
    if by_refusal(own) and (text or own.status in {outcome.status for outcome in forged}):
        raise CouldNotVerify(f"{place} answered {own} to {own.name}, too, so a refusal proves nothing")
    if own.status in (401, 404, 405, 408, 429) or own.status >= 500:
        raise CouldNotVerify(f"{place} answered {own} to {own.name}, so nothing shows that it works at all")
    for outcome in forged:
        need_shown(place, outcome, *filter(None, (text,)))
        claim(
            by_refusal(outcome) or not outcome.accepted,
            expected=f"{wanted} from {place} with {outcome.name}",
            seen=f"{outcome}; {own} with {own.name}",
        )
    for outcome in forged:
        if not by_refusal(outcome):
            raise CouldNotVerify(f"{place} answered {outcome} to {outcome.name}, which is not {wanted}")
    told = ", ".join(f"{outcome.name} {outcome.status}" for outcome in forged)
    # Some forms lead there when they are done, such as that of a registration.
    unsure = is_login(own.location) and not is_login(path)
    return Evidence(
        f"{place}: {told}; {own.name} {own}",
        warning="The form itself was led to a login; where that is no success, nothing shows that it works." * unsure,
    )
