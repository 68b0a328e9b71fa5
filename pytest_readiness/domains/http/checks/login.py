"""Passwords: none that everybody knows opens an account, none can be guessed at will, none that is weak is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.http.checks.access import Name, declared
from pytest_readiness.domains.http.facts.forms import Form, Logins, LoginTrial, PasswordTrial, TrialOutcome
from pytest_readiness.domains.http.resource import Url, UrlPath

PAIRS = (
    ("admin", "admin"),
    ("root", "root"),
    ("admin", "password"),
    ("administrator", "administrator"),
    ("user", "user"),
    ("test", "test"),
    ("guest", "guest"),
    ("demo", "demo"),
)
"""User names and passwords that products and tutorials come with; at most two for one name."""


def _login_trial(url: Url, p: Mapping[str, Any]) -> dict[str, tuple[LoginTrial, ...]]:
    declared(url, p["credential"], p["account"])
    for name in filter(None, (p["credential"], p["account"])):
        if url.credential(name).user is None:
            raise NotDeclared(f"the credential '{name}' of {url.name} is no user with a password")
    texts = tuple(filter(None, (p["failure"], p["locked"])))
    form = Form(p["path"], p["page"] or "", p["encoding"], texts=texts)
    pairs = tuple((user + p["suffix"], password) for user, password in PAIRS[: p["pairs"]])
    trial = LoginTrial(
        form,
        p["user_field"],
        p["password_field"],
        pairs,
        p["credential"] or "",
        p["account"] or "",
        p["suffix"],
        p["attempts"],
    )
    return {"logins": (trial,)}


@check(
    "http.default_credentials",
    severity="critical",
    remedy="Remove default accounts, and lock or slow a login down after a few wrong passwords.",
    source="OWASP WSTG-ATHN-02, WSTG-ATHN-03; PCI DSS 4.0 8.3.4; CWE-1392",
    check_class="active",
    asks=_login_trial,
)
def default_credentials(
    url: Url,
    logins: Mapping[LoginTrial, Logins],
    *,
    path: UrlPath,
    failure: Name,
    status: Annotated[int, Field(ge=200, le=499)] = 401,
    user_field: Name = "username",
    password_field: Name = "password",  # noqa: S107 (the name of a field)
    encoding: Literal["form", "json"] = "form",
    page: UrlPath | None = None,
    suffix: str = "",
    pairs: Annotated[int, Field(ge=1, le=len(PAIRS))] = len(PAIRS),
    attempts: Annotated[int, Field(ge=3, le=20)] = 10,
    locked: Name | None = None,
    slow_seconds: Annotated[float, Field(gt=0)] = 1,
    credential: Name | None = None,
    account: Name | None = None,
) -> Evidence:
    """The login refuses default passwords, and locks or slows down after a few wrong ones.

    Sends: one login with the declared credential, if one is named; up to eight with default pairs (at most two for one
    user name; one more for each time that the endpoint asks to wait, up to a minute in all); then, unless that already
    met a lock, wrong passwords for one account until the answer changes, at most `attempts`. Before each, a GET of the
    page, if one is declared. A refusal is the declared status with the declared text, nothing else: an answer that
    refuses for another reason, such as a wrong field, proves nothing. Locked means 423, 429, a Retry-After or the text
    `locked`; slowed down, that each of the last three answers took `slow_seconds` longer than the first.
    It is looked at last, since the runner itself may be locked out for a while.

    Args:
        path: path on the host that the login is sent to by POST.
        failure: a part of what the login says to a wrong password, in the answer or in the address that it redirects
            to; no matter in which case.
        status: status of the answer to a wrong password. 401: RFC 9110 section 15.5.2.
        user_field: name of the field for the user. username: what most take.
        password_field: name of the field for the password. password: what most take.
        encoding: form for `application/x-www-form-urlencoded`, json for a JSON document.
        page: path of the page that holds the form; its cookies and hidden fields are sent along. Default: none.
        suffix: appended to user names, such as `@example.com` where they are mail addresses. Default: nothing.
        pairs: how many of the eight default pairs to try. 8: all of them.
        attempts: most wrong passwords for one account, 3 to 20. 10: PCI DSS 8.3.4 locks after ten at the latest.
        locked: a part of what the login says when it is locked. Default: only the status and Retry-After tell.
        slow_seconds: seconds that count as slowed down. 1: a thousand guesses then take a quarter of an hour.
        credential: name of a credential (user and password) of the target that must be let in. Default: none is tried,
            and the evidence has a warning.
        account: name of a credential whose user gets the wrong passwords, for a login that locks only accounts that
            exist; it stays locked for as long as the login locks. Default: a user that does not exist.
    """
    parameters = {
        "path": path,
        "failure": failure,
        "user_field": user_field,
        "password_field": password_field,
        "encoding": encoding,
        "page": page,
        "suffix": suffix,
        "pairs": pairs,
        "attempts": attempts,
        "locked": locked,
        "credential": credential,
        "account": account,
    }
    seen = logins[_login_trial(url, parameters)["logins"][0]]

    def is_refused(outcome: TrialOutcome) -> bool:
        return outcome.status == status and failure in outcome.told

    def is_locked(outcome: TrialOutcome) -> bool:
        return outcome.throttled or (bool(outcome.retry_after) and outcome.status < 500) or locked in outcome.told

    wanted = f"{status} with '{failure}'"
    if seen.control and (is_refused(seen.control) or not seen.control.accepted):
        raise CouldNotVerify(
            f"POST {path} answered {seen.control} to the credential '{credential}', so that a refusal proves nothing"
        )
    if any(failure in outcome.blank for outcome in seen.pairs):
        raise CouldNotVerify(f"'{failure}' stands on the login's page already, so that it tells nothing")
    tried = [outcome for outcome in seen.pairs if not is_locked(outcome)]
    for outcome in tried:
        claim(
            is_refused(outcome) or not outcome.accepted,
            expected=f"{wanted} from POST {path} for every default password",
            seen=f"{outcome} for a default password of '{outcome.name}'",
        )
    for outcome in (*tried, *seen.attempts[:1]):
        if not is_refused(outcome) and not is_locked(outcome):
            raise CouldNotVerify(f"POST {path} answered {outcome} to a wrong password, which is no {wanted}")
    if len(tried) < pairs:
        last = seen.pairs[-1]
        raise CouldNotVerify(
            f"POST {path} answered {last} after {len(tried)} of {pairs} default passwords, and the rest was not tried "
            f"(pairs: {max(len(tried), 1)} asks for fewer)"
        )
    held = _held_up(path, (*seen.pairs, *seen.attempts), seen.attempts, is_locked, slow_seconds)
    return Evidence(
        f"POST {path}: {status} for {len(tried)} default passwords; {held}",
        warning=""
        if seen.control
        else "No declared credential was let in, so only the text tells that this is a login.",
    )


def _held_up(
    path: str,
    outcomes: tuple[TrialOutcome, ...],
    attempts: tuple[TrialOutcome, ...],
    is_locked: Callable[[TrialOutcome], bool],
    slow_seconds: float,
) -> str:
    """How the login held wrong passwords up.

    Raises:
        ClaimFalse: it did not.
        CouldNotVerify: its answer changed, but not to a lock.
    """
    first = next((number for number, outcome in enumerate(outcomes, 1) if is_locked(outcome)), 0)
    if first:
        return f"locked at the {first}. wrong password: {outcomes[first - 1]}"
    last = attempts[-1]
    if (last.status, last.told) != (attempts[0].status, attempts[0].told):
        raise CouldNotVerify(
            f"POST {path} answered {last} to the {len(attempts)}. wrong password for one account, which is no known "
            "lock; declare a part of its text as 'locked'"
        )
    slowest = [outcome.seconds for outcome in attempts[-3:]]
    if min(slowest) >= attempts[0].seconds + slow_seconds:
        return (
            f"slowed down from {attempts[0].seconds:.1f} to {min(slowest):.1f} s after {len(attempts)} wrong passwords"
        )
    raise ClaimFalse(
        f"423, 429, Retry-After or answers {slow_seconds:g} s slower after {len(attempts)} wrong passwords",
        f"{len(attempts)} times {last} from POST {path} for one account, the last within {last.seconds:.2f} s",
    )


def _password_trial(url: Url, p: Mapping[str, Any]) -> dict[str, tuple[PasswordTrial, ...]]:
    if not p["fields"] and not p["control"]:
        raise NotDeclared(
            "the form has no field but the password, so that a strong one can only be tried for real (control: true)"
        )
    form = Form(p["path"], p["page"] or "", p["encoding"], p["method"], p["credential"] or "", tuple(p["messages"]))
    declared(url, p["credential"])
    trial = PasswordTrial(form, tuple(p["password_fields"]), tuple(p["fields"].items()), p["min_length"], p["control"])
    return {"passwords": (trial,)}


@check(
    "http.password_policy",
    severity="high",
    remedy="Refuse passwords that are too short or on lists of leaked ones, and say so at the password's field.",
    source="NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 V6.2; OWASP WSTG-ATHN-07",
    check_class="active",
    asks=_password_trial,
)
def password_policy(
    url: Url,
    passwords: Mapping[PasswordTrial, tuple[TrialOutcome, ...]],
    *,
    path: UrlPath,
    messages: Annotated[list[Name], Field(min_length=1)],
    fields: dict[Name, str],
    password_fields: Annotated[list[Name], Field(min_length=1)] = ["password"],  # noqa: B006 (never changed)
    min_length: Annotated[int, Field(ge=6, le=20)] = 8,
    encoding: Literal["form", "json"] = "form",
    method: Literal["POST", "PUT", "PATCH"] = "POST",
    page: UrlPath | None = None,
    credential: Name | None = None,
    control: bool = False,
) -> Evidence:
    """Registration or reset refuses weak passwords, and for being weak.

    Sends: the form with a password that is one character too short, with up to three that stand on every list of leaked
    ones and are long enough, and last with a strong one. Before each, a GET of the page, if one is declared. Refused is
    only what is answered with one of the declared messages; a form that refuses everything for another reason proves
    nothing. The strong password must be answered without any of them. It is sent with all other fields empty, so that
    nothing comes of it, unless `control` is set. If the claim is false, the endpoint has taken a weak password: use
    throw-away values.

    Args:
        path: path on the host that the form is sent to.
        messages: parts of what is said of a weak password, at least one; no matter in which case. None of them may
            stand on the page with the empty form.
        fields: names and values of the other fields; `{unique}` in a value stands for a text that is new each time
            (`readiness-{unique}@example.com`).
        password_fields: names of the fields that take the password, with the one that repeats it. password: what most
            take.
        min_length: fewest characters that must be asked for, 6 to 20. 8: NIST SP 800-63B-4, with a second factor; 15
            without.
        encoding: form for `application/x-www-form-urlencoded`, json for a JSON document.
        method: method of the request.
        page: path of the page that holds the form; its cookies and hidden fields are sent along. Default: none.
        credential: name of the credential that all requests show. Default: none.
        control: send the strong password with all fields, which must be accepted, and makes an account or changes one.
    """
    parameters = {
        "path": path,
        "messages": messages,
        "fields": fields,
        "password_fields": password_fields,
        "min_length": min_length,
        "encoding": encoding,
        "method": method,
        "page": page,
        "credential": credential,
        "control": control,
    }
    *weak, strong = passwords[_password_trial(url, parameters)["passwords"][0]]
    place = f"{method} {path}"
    if strong.blank:
        raise CouldNotVerify(f"'{strong.blank[0]}' stands on the form's page already, so that it tells nothing")
    for outcome in weak:
        if not outcome.told and not outcome.accepted:
            raise CouldNotVerify(
                f"{place} answered {outcome} to a weak password, {outcome.name}, but none of the declared messages"
            )
    if strong.told:
        raise CouldNotVerify(f"{place} answered '{strong.told[0]}' to a strong password, too; that proves nothing")
    for outcome in weak:
        claim(
            bool(outcome.told) and outcome.status not in (201, 202, 204),
            expected=f"{place} refuses {outcome.name} with one of the declared messages",
            seen=f"{outcome} with {repr(outcome.told[0]) if outcome.told else 'none of them'}",
        )
    if control and not strong.accepted:
        raise CouldNotVerify(f"{place} answered {strong} to a strong password; a refusal of weak ones proves nothing")
    if strong.status in (401, 403, 404, 405, 408, 429) or strong.status >= 500:
        raise CouldNotVerify(f"{place} answered {strong} to a strong password, so that nothing shows what it looks at")
    told = ", ".join(f"{outcome.name} {outcome.status}" for outcome in weak)
    how = "" if control else " without the other fields, and without these messages"
    return Evidence(f"{place} refuses {told}; a strong one {strong}{how}")
