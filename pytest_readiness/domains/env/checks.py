"""Claims about the variables that a release will run with; no value is ever shown, only names, lengths and counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from pytest_readiness.core.entropy import estimated_bits
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.forms import is_placeholder

Name = Annotated[str, Field(pattern=r"^[^\s=]+$")]
Names = Annotated[list[Name], Field(min_length=1)]


def _as_text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Written = str | bool | float
Text = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=Written)]
Accepted = Annotated[
    list[Text],
    BeforeValidator(_as_list, json_schema_input_type=Written | Annotated[list[Written], Field(min_length=1)]),
    Field(min_length=1),
]


@check(
    "env.present",
    severity="critical",
    remedy="Set the missing variables before the release starts.",
    source="The Twelve-Factor App, III. Config",
)
def present(env_facts: EnvFacts, *, names: Names) -> Evidence:
    """Every named variable is set and not empty.

    A value that something else than the file fills in ($NAME, $(command), %NAME%, @NAME@ …) could not be verified, here
    and by all checks of env files. Whether the values are right is not looked at.

    Args:
        names: variables that must be there, at least one.
    """
    values = _values(env_facts, names)
    return Evidence(f"{_count(values)} set: {_listed(values)}")


@check(
    "env.length",
    severity="high",
    remedy="Replace the secret with a longer random one, for example from `openssl rand -base64 48`.",
    source="RFC 7518 section 3.2: a key for HS256 has at least 256 bits, that is 32 characters",
)
def length(env_facts: EnvFacts, *, names: Names, min: Annotated[int, Field(gt=0)] = 32) -> Evidence:
    """Every named variable has the length that a secret needs.

    Length says nothing about randomness; env.entropy does.

    Args:
        names: variables that hold secrets, at least one.
        min: fewest characters, blanks at the ends not counted. 32: one a byte of a 256-bit key (RFC 7518).
    """
    lengths = {name: len(value) for name, value in _values(env_facts, names).items()}
    short = [f"{name} has {size}" for name, size in lengths.items() if size < min]
    claim(not short, expected=f"at least {min} characters each", seen=_listed(short))
    return Evidence(_listed(f"{name} has {size} characters" for name, size in lengths.items()))


@check(
    "env.entropy",
    severity="high",
    remedy="Replace the secret with the output of a generator, for example of `openssl rand -base64 48`.",
    source="NIST SP 800-57 part 1 rev. 5, section 5.6: 128 bits of security beyond 2030",
)
def entropy(env_facts: EnvFacts, *, names: Names, min_bits: Annotated[float, Field(gt=0)] = 128) -> Evidence:
    """Every named variable looks like the output of a random generator.

    An estimate from the outside: words, repetitions and rows of the alphabet or keyboard count for little, all other
    characters as random ones of the alphabet in use. A secret that is random but known to others is not noticed.

    Args:
        names: variables that hold secrets, at least one.
        min_bits: least estimated entropy in bits. 128: the security strength that NIST SP 800-57 asks for beyond 2030.
    """
    bits = {name: int(estimated_bits(value)) for name, value in _values(env_facts, names).items()}
    weak = [f"{name} about {size}" for name, size in bits.items() if size < min_bits]
    claim(not weak, expected=f"an estimated {min_bits:g} bits of entropy or more each", seen=_listed(weak))
    return Evidence(_listed(f"{name} about {size} bits" for name, size in bits.items()))


@check(
    "env.values",
    severity="high",
    remedy="Set the variables to the values that the release must run with.",
    source="The Twelve-Factor App, III. Config",
)
def values(env_facts: EnvFacts, *, values: Annotated[dict[Name, Accepted], Field(min_length=1)]) -> Evidence:
    """Every named variable is set to its expected value.

    Compared as text, capitals and blanks within quotes included. YAML's `false` means the text "false" and 8080 for
    "8080"; to allow other spellings list them: `DEBUG: [false, "False", 0]`.

    Args:
        values: expected value by variable, or a list of those that are accepted; at least one variable.
    """
    # An empty text may be what is expected; every other check takes it for a variable that is not set.
    _values(env_facts, values, may_be_empty=True)
    seen = {name: env_facts.values[name].get_secret_value() for name in values}
    wrong = [name for name, accepted in values.items() if seen[name] not in accepted]
    if wrong:
        expected = "; ".join(f"{name}={' or '.join(values[name])}" for name in wrong)
        raise ClaimFalse(expected, _listed(f"{name} has {_otherwise(seen[name], values[name])}" for name in wrong))
    return Evidence(f"{_count(values)} as expected: {_listed(values)}")


@check(
    "env.no_placeholders",
    severity="critical",
    remedy="Replace the placeholders with the values of this environment.",
    source="OWASP Secrets Management Cheat Sheet; RFC 2606 reserves example.com",
)
def no_placeholders(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """No variable of the file still holds a known placeholder.

    Looked for: changeme, replace-me, your-…, enter-password, xxx, <…>, {{…}}, example, todo, a variable's own name and
    the like, at word boundaries ("exchange" is not one), and in each text of a value that is JSON. Folders of a path
    and the markup of HTML are none. A value that looks real and is wrong is not noticed.

    Args:
        names: variables to look at, each of which must be set; unless given, all of the file.
    """
    if names is not None:
        texts = _set(env_facts, names)
    else:
        texts = {name: value.get_secret_value().strip() for name, value in env_facts.values.items()}
        if not any(texts.values()):
            raise CouldNotVerify(f"{env_facts.path} sets no variable")
    found = [name for name, text in texts.items() if is_placeholder(name, text) or _is_left(env_facts, name, text)]
    claim(not found, expected="no placeholder in any value", seen=f"a placeholder in {_listed(found)}")
    _refuse_references(env_facts, texts, see_through=True)
    empty = [name for name, text in texts.items() if not text]
    return Evidence(
        f"no placeholder in {_count(texts)}",
        warning=f"{_count(empty)} empty: {_listed(empty)}" if empty else "",
    )


def _is_left(facts: EnvFacts, name: str, text: str) -> bool:
    """Whether a value is a reference that the tool which reads the file leaves as it is."""
    may_be_filled = name in facts.unfilled or name in facts.references
    return not may_be_filled and re.fullmatch(r"\$(?:\w+|\{.*\}|\(.*\))|`.*`", text) is not None


_NOTHING = r"(?!)"


@dataclass(frozen=True, slots=True)
class _Provider:
    """A provider of keys: shapes of its live and its test keys, and of those that do not say.

    `names` is how variables are called that belong to it; `public` is the shape of keys that may be shown to everybody,
    and `hook` of secrets that sign what the provider sends.
    """

    title: str
    names: str
    live: str = _NOTHING
    test: str = _NOTHING
    either: str = _NOTHING
    public: str = _NOTHING
    hook: str = _NOTHING


# From the providers' documentation of their API keys.
_PROVIDERS = (
    _Provider(
        "Stripe",
        "STRIPE",
        r"(sk|pk|rk)_live_[A-Za-z0-9]{16,}",
        r"(sk|pk|rk)_test_.*",
        r"whsec_\S+",
        public=r"pk_.+",
        hook=r"whsec_.+",
    ),
    _Provider(
        "Plaid",
        "PLAID",
        r"access-production-[\w-]{20,}",
        r"(access|public|link)-(sandbox|development)-.*",
        r"[0-9a-f]{24,30}",
    ),
    _Provider("Twilio", "TWILIO", test=r"\+1500555\d{4}", either=r"(AC|SK)?[0-9a-f]{32}"),
    _Provider("SendGrid", "SENDGRID", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _Provider("OpenAI", "OPENAI", r"sk-(?!ant-)(proj-|svcacct-|admin-)?[\w-]{40,}"),
    _Provider("Anthropic", "ANTHROPIC", r"sk-ant-[\w-]{40,}"),
    _Provider("Resend", "RESEND", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}"),
    _Provider("Razorpay", "RAZORPAY", r"rzp_live_\w{10,}", r"rzp_test_.*", public=r"rzp_.+"),
    _Provider(
        "Square",
        "SQUARE",
        r"(sq0(atp|csp|idp)-[\w-]{20,}|EAAA[\w-]{40,})",
        r"sandbox-sq0.*",
        public=r"(sandbox-)?sq0idp-.+",
    ),
    _Provider("Braintree", "BRAINTREE", r"access_token\$production\$.+", r"access_token\$sandbox\$.*"),
    _Provider("PayPal", "PAYPAL"),
    _Provider("Adyen", "ADYEN", either=r"AQ\S{40,}"),
)
_KEY_BITS = 64
"""No provider's key holds fewer; what does is a made-up text in the shape of one."""
_PIECE = re.compile(r"[A-Za-z0-9_+.$-]+")
"""What a key may be made of: it may stand in JSON, a list or an address."""
_PUBLIC_NAME = re.compile(r"PUBLISHABLE|(?<![A-Z])(?:PUBLIC|PK)(?![A-Z])|^(?:VITE|REACT_APP|GATSBY|VUE_APP)_")
_SECRET_NAME = re.compile(r"SECRET|PRIVATE|RESTRICTED|(?<![A-Z])SK(?![A-Z])")
_HOOK_NAME = re.compile(r"WEBHOOK|SIGNING|WHSEC")
_SANDBOX = re.compile(r"(?<![a-z])(?:sandbox|test)(?![a-z])", re.IGNORECASE)


@check(
    "env.live_keys",
    severity="critical",
    remedy="Replace the test key with the provider's live key; keep test keys to test environments.",
    source="Stripe, Plaid, Twilio, Razorpay, Square, Braintree: API keys, test and live mode",
)
def live_keys(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """The keys of payment and other providers have the shape of live keys, and none has that of a test key.

    Judged by their shapes; whether the provider accepts a key is not asked. Some providers' keys look the same in
    both modes (Twilio, Plaid's secret): where such a variable is named the claim cannot be verified by this check. A
    key of another kind than the variable's name says (a public one in STRIPE_SECRET_KEY, a secret one in a variable
    that is public) is a failure, and so is a test key within a longer value such as JSON.

    Args:
        names: variables that must hold a live key of a known provider; unless given, those whose values have the
            shape of one. A test key in any variable of the file is a failure either way.
    """
    named = _values(env_facts, names) if names is not None else {}
    texts = {name: value.get_secret_value().strip() for name, value in env_facts.values.items()}
    test = {name: provider for name, text in texts.items() if (provider := _test_provider(name, text))}
    claim(
        not test,
        expected="live keys only",
        seen=_listed(f"{name} has a test value of {provider.title}" for name, provider in test.items()),
    )
    kinds = {name: why for name, text in texts.items() if (why := _of_another_kind(name, text))}
    claim(not kinds, expected="keys of the kind that the variable is for", seen=_listed(kinds.values()))
    _refuse_references(env_facts, (name for name in texts if _owner(name)), see_through=True)
    live = {name: provider for name, text in texts.items() if (provider := _matching(name, text, "live"))}
    hollow = [name for name in {**live, **named} if _hollow(texts[name])]
    claim(not hollow, expected="live keys only", seen=f"a placeholder in {_listed(hollow)}")
    for name, text in named.items():
        owner = _owner(name)
        if name in live and owner in (None, live[name]):
            continue
        if owner is None:
            raise CouldNotVerify(f"{name} does not have the shape of a live key of any known provider ({_TITLES})")
        if _fits(owner.either, text) or owner.live == _NOTHING:
            raise CouldNotVerify(f"{name}: a key of {owner.title} does not show whether it is a live one")
        raise ClaimFalse(f"a live key of {owner.title} in {name}", f"{name} has a different shape")
    found = {name: live[name] for name in named} or live
    if not found:
        raise NotDeclared(
            f"{env_facts.path} holds no live key of a known provider ({_TITLES}), and no variable is named"
        )
    return Evidence(f"live keys: {_listed(f'{name} ({provider.title})' for name, provider in found.items())}")


_TITLES = ", ".join(provider.title for provider in _PROVIDERS)


def _fits(shape: str, text: str) -> bool:
    return re.fullmatch(shape, text) is not None


def _hollow(key: str) -> bool:
    return is_placeholder("", key) or estimated_bits(key) < _KEY_BITS


def _of_another_kind(name: str, text: str) -> str:
    """Which kind of key a variable has, and which its name says, where these are not the same; "" otherwise."""
    provider = _matching(name, text, "live") or _matching(name, text, "either")
    if provider is None or provider.public == _NOTHING:
        return ""
    name_says = (
        "signing" * bool(_HOOK_NAME.search(name.upper()))
        or "public" * bool(_PUBLIC_NAME.search(name.upper()))
        or "secret" * bool(_SECRET_NAME.search(name.upper()))
    )
    kind = "public" if _fits(provider.public, text) else "signing" if _fits(provider.hook, text) else "secret"
    if not name_says or kind == name_says or (kind == "signing" and name_says == "secret"):
        return ""
    if name_says == "signing" and provider.hook == _NOTHING:
        return ""
    return f"{name} has a {kind} key of {provider.title}, and its name says that it is a {name_says} one"


def _owner(name: str) -> _Provider | None:
    return next((provider for provider in _PROVIDERS if provider.names in name.upper()), None)


def _matching(name: str, text: str, shape: str) -> _Provider | None:
    """The provider whose shape the text has; first asked is the one that the variable is named after."""
    owner = _owner(name)
    candidates: Sequence[_Provider] = (owner, *_PROVIDERS) if owner else _PROVIDERS
    return next((provider for provider in candidates if _fits(getattr(provider, shape), text)), None)


def _test_provider(name: str, text: str) -> _Provider | None:
    owner = _owner(name)
    if owner and _SANDBOX.search(text):
        return owner
    pieces = [text, *_PIECE.findall(text)]
    return next((provider for piece in pieces if (provider := _matching(name, piece, "test"))), None)


def _values(facts: EnvFacts, names: Iterable[str], *, may_be_empty: bool = False) -> dict[str, str]:
    """The values of named variables, all of which must be set in the file itself, and to what the file says."""
    texts = _set(facts, names, may_be_empty=may_be_empty)
    _refuse_references(facts, texts)
    return texts


def _set(facts: EnvFacts, names: Iterable[str], *, may_be_empty: bool = False) -> dict[str, str]:
    """The values of named variables as they are written; all must be set in the file itself."""
    names = list(dict.fromkeys(names))
    texts = {name: facts.values[name].get_secret_value().strip() for name in names if name in facts.values}
    missing = [f"{name} is not set" for name in names if name not in texts]
    if not may_be_empty:
        missing += [f"{name} is empty" for name, text in texts.items() if not text and name not in facts.unfilled]
    claim(not missing, expected=f"a value for {_listed(names)}", seen=_listed(missing))
    return texts


def _refuse_references(facts: EnvFacts, names: Iterable[str], *, see_through: bool = False) -> None:
    """A value that is filled in from elsewhere was not seen; with `see_through`, from elsewhere than this file."""
    for name in names:
        if name in facts.unfilled:
            raise CouldNotVerify(f"the value of {name} is not what the file says: it holds {facts.unfilled[name]}")
        for other in facts.references.get(name, ()):
            if not see_through or other not in facts.values:
                # The name is left out: it may be a piece of a password that happens to hold `${`.
                raise CouldNotVerify(f"the value of {name} refers to another variable, which is not filled in here")


def _otherwise(seen: str, accepted: Sequence[str]) -> str:
    if not seen:
        return "an empty value"
    if seen.lower() in map(str.lower, accepted):
        return "another value, by capitals only"
    return "another value"


def _count(names: Iterable[str]) -> str:
    number = len(list(names))
    return f"{number} variable{'' if number == 1 else 's'}"


def _listed(texts: Iterable[str]) -> str:
    texts = [text[:100] for text in texts]
    return ", ".join(texts[:20]) + (f" and {len(texts) - 20} more" if len(texts) > 20 else "")
