"""Claims about the variables that a release will run with; no value is ever shown, only names, lengths and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field

from pytest_readiness.core.entropy import estimated_bits
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.keys import secrets_in
from pytest_readiness.core.registry import check
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.placeholders import is_path, is_placeholder
from pytest_readiness.domains.env.providers import (
    KEY_BITS,
    NOTHING,
    Provider,
    almost_live,
    fits,
    matching,
    owner_of,
    titles,
    whose,
    whose_test_value,
)
from pytest_readiness.domains.env.shared import (
    Name,
    Names,
    contents_of,
    count,
    counted,
    in_different_ways,
    least_of,
    listed,
    refuse_odd_lines,
    refuse_references,
    texts_of,
    unclear,
    values_of,
    visible_text,
)


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
    and by all checks of env files. Where the declared dialect leaves such a thing as it is, the text is not what was
    meant: a failure. What some tools read as nothing (`NAME=#text` is a comment to them) could not be verified unless
    the file's dialect is declared. Whether the values are right is not looked at.

    Args:
        names: variables that must be there, at least one.
    """
    values = values_of(env_facts, names)
    return Evidence(f"{count(values)} set: {listed(values)}")


@check(
    "env.length",
    severity="high",
    remedy="Replace the secret with a longer random one, for example from `openssl rand -base64 48`.",
    source="RFC 7518 section 3.2: a key for HS256 has at least 256 bits, that is 32 characters",
)
def length(env_facts: EnvFacts, *, names: Names, min: Annotated[int, Field(gt=0)] = 32) -> Evidence:
    """Every named variable has the length that a secret needs.

    Length says nothing about randomness; env.entropy does. The path of a file and the address of a secret say nothing
    of what is there: a variable that holds one, or is named …_FILE or …_PATH, could not be verified; nor could one that
    is long enough by one tool and not by another (`a#b`, `a&b` without quotes), unless the file's dialect is declared.

    Args:
        names: variables that hold secrets, at least one.
        min: fewest characters; blanks at the ends, invisible signs and `base64:` are not counted. 32: one a byte of a
            256-bit key (RFC 7518).
    """
    lengths = {name: len(counted(value)) for name, value in contents_of(env_facts, names).items()}
    short = [f"{name} has {size}" for name, size in lengths.items() if size < min]
    claim(not short, expected=f"at least {min} characters each", seen=listed(short))
    for name, variable in unclear(env_facts, names):
        if len(counted(least_of(variable))) < min:
            raise in_different_ways(env_facts, name)
        lengths[name] = len(counted(least_of(variable)))
    return Evidence(listed(f"{name} has {size} characters" for name, size in lengths.items()))


@check(
    "env.entropy",
    severity="high",
    remedy="Replace the secret with the output of a generator, for example of `openssl rand -base64 48`.",
    source="NIST SP 800-57 part 1 rev. 5, section 5.6: 128 bits of security beyond 2030",
)
def entropy(env_facts: EnvFacts, *, names: Names, min_bits: Annotated[float, Field(gt=0)] = 128) -> Evidence:
    """Every named variable looks like the output of a random generator.

    An estimate from the outside: words (also with 0 for o and the like), repetitions, times, and rows of the alphabet
    or keyboard count for little, public keys and certificates for nothing, all other characters as random ones of the
    alphabet in use. The path of a file and the address of a secret could not be verified, nor could a secret of
    which one tool reads enough and another does not (`a#b` and `a&b` without quotes), unless the file's dialect is
    declared. A secret that is random but known to others is not noticed, but for digests of common words.

    Args:
        names: variables that hold secrets, at least one.
        min_bits: least estimated entropy in bits. 128: the security strength that NIST SP 800-57 asks for beyond 2030.
    """
    bits = {name: int(estimated_bits(value)) for name, value in contents_of(env_facts, names).items()}
    weak = [f"{name} about {size}" for name, size in bits.items() if size < min_bits]
    claim(not weak, expected=f"an estimated {min_bits:g} bits of entropy or more each", seen=listed(weak))
    for name, variable in unclear(env_facts, names):
        if (size := int(estimated_bits(least_of(variable)))) < min_bits:
            raise in_different_ways(env_facts, name)
        bits[name] = size
    return Evidence(listed(f"{name} about {size} bits" for name, size in bits.items()))


@check(
    "env.values",
    severity="high",
    remedy="Set the variables to the values that the release must run with.",
    source="The Twelve-Factor App, III. Config",
)
def values(env_facts: EnvFacts, *, values: Annotated[dict[Name, Accepted], Field(min_length=1)]) -> Evidence:
    """Every named variable is set to its expected value.

    Compared as text, capitals and blanks within quotes included; what tools read in different ways (a backslash, ~, a
    comment behind the value, a line end of Windows; without quotes a #, a blank or a sign of the shell such as &) could
    not be verified unless the file's dialect is declared. YAML's `false` means the text "false" and 8080 for "8080"; to
    allow other spellings list them: `DEBUG: [false, "False", 0]`.

    Args:
        values: expected value by variable, or a list of those that are accepted; at least one variable.
    """
    # An empty text may be what is expected; every other check takes it for a variable that is not set.
    refuse_references(env_facts, texts_of(env_facts, values, may_be_empty=True))
    for name, _ in unclear(env_facts, values):
        raise in_different_ways(env_facts, name)
    seen = {name: env_facts.variables[name].value.get_secret_value() for name in values}
    wrong = [name for name, accepted in values.items() if seen[name] not in accepted]
    if wrong:
        expected = "; ".join(f"{name}={' or '.join(values[name])}" for name in wrong)
        raise ClaimFalse(expected, listed(f"{name} has {_otherwise(seen[name], values[name])}" for name in wrong))
    return Evidence(f"{count(values)} as expected: {listed(values)}")


@check(
    "env.no_placeholders",
    severity="critical",
    remedy="Replace the placeholders with the values of this environment.",
    source="OWASP Secrets Management Cheat Sheet; RFC 2606 reserves example.com",
)
def no_placeholders(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """No variable of the file still holds a known placeholder.

    Looked for: changeme, replace-me, your-…, enter-password, xxx, <…>, {{…}}, example, todo, a variable's own name and
    the like, also in other languages (bitte-aendern, votre-cle, cambiame …), at word boundaries ("exchange" is not
    one), in each text of a value that is JSON, and in what is encoded as base64. Where a secret should be (…_PASSWORD,
    …_SECRET, …_TOKEN, the password in an address), also what everybody would guess: "password1", "letmein", "qwerty",
    the user's name. Folders of a path and the markup of HTML are none. A value that looks real and is wrong is not
    noticed.

    Args:
        names: variables to look at, each of which must be set; unless given, all of the file.
    """
    if names is not None:
        texts = texts_of(env_facts, names)
    else:
        texts = {name: visible_text(each.value.get_secret_value()) for name, each in env_facts.variables.items()}
        if not any(texts.values()):
            refuse_odd_lines(env_facts)
            set_to = ", but to nothing" if texts else ""
            raise CouldNotVerify(f"{env_facts.path} sets {'variables' if texts else 'no variable'}{set_to}")
    left = {name: f" ({form}, which is not filled in)" for name in texts if (form := env_facts.variables[name].left)}
    found = [name + left.get(name, "") for name, text in texts.items() if name in left or is_placeholder(name, text)]
    claim(not found, expected="no placeholder in any value", seen=f"a placeholder in {listed(found)}")
    refuse_references(env_facts, texts, see_through=True)
    if names is None:
        refuse_odd_lines(env_facts)
    empty = [name for name, text in texts.items() if not text]
    return Evidence(
        f"no placeholder in {count(texts)}",
        warning=f"{count(empty)} empty: {listed(empty)}" if empty else "",
    )


_IN_BUNDLE = (
    r"^(?:VITE|REACT_APP|GATSBY|VUE_APP|NG_APP|NUXT_ENV|RAZZLE|STORYBOOK|SANITY_STUDIO|GRIDSOME|WXT|REDWOOD_ENV"
    r"|(?:(?:NEXT|NUXT|EXPO|BUN|NX|SNOWPACK|PLASMO)_)?PUBLIC)_"
)
"""What names begin with that a bundler writes into what every visitor loads."""
_PUBLIC_NAME = re.compile(rf"PUBLISHABLE|(?<![A-Z])(?:PUBLIC|PK|ANON)(?![A-Z])|{_IN_BUNDLE}")
_BUNDLED = re.compile(_IN_BUNDLE)
_PRIVATE = re.compile(r"(?:^|_)(?:SECRET|PASSWORD|PRIVATE|SERVICE_ROLE)(?:_(?:ACCESS|KEY|TOKEN|\d+))*$")
_SECRET_NAME = re.compile(r"SECRET|PRIVATE|RESTRICTED|ACCESS_?TOKEN|(?<![A-Z])SK(?![A-Z])")
_KEY_TO_ASK_WITH = re.compile(r"SECRET_?KEY|API_?(?:KEY|SECRET)|RESTRICTED|(?<![A-Z])SK(?![A-Z])")
"""Names of keys with which a provider is asked, not of the secret with which it signs what it sends."""
_FOR_KEY = re.compile(r"(?:KEY|SECRET|TOKEN|_SK|_PK)\d*$")
_HOOK_NAME = re.compile(r"WEBHOOK|SIGNING|WHSEC")


@check(
    "env.live_keys",
    severity="critical",
    remedy="Replace the test key with the provider's live key; keep test keys to test environments.",
    source="Stripe, Plaid, Twilio, Razorpay, Square, Braintree and others: API keys, test and live mode",
)
def live_keys(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """The keys of payment and other providers have the shape of live keys, and none has that of a test key.

    Judged by their shapes; whether the provider accepts a key is not asked. Some providers' keys look the same in
    both modes (Twilio, PayPal, Square's access token, Plaid's secret): where such a variable is named the claim cannot
    be verified by this check. A variable that switches a provider to its test mode (STRIPE_TEST_MODE=true,
    PAYPAL_MODE=sandbox), the address of a sandbox and a test key within a longer value such as JSON are test keys, too.
    A key of another kind than the variable's name says is a failure: a public one, one that signs or an id in
    STRIPE_SECRET_KEY; a secret one, also of GitHub and others, in a variable that is public or that a bundler publishes
    (VITE_…, NEXT_PUBLIC_…). So are blanks, quotes or invisible signs around a key.

    Args:
        names: variables that must hold a live key of a known provider; what else the file has of these providers is
            looked at, and nothing of others. Unless given, every key in the file, one at least.
    """
    named = values_of(env_facts, names) if names is not None else {}
    written = {name: variable.value.get_secret_value() for name, variable in env_facts.variables.items()}
    if named:
        providers = {_provider_of(name, text) for name, text in named.items()}
        written = {
            name: text
            for name, text in written.items()
            if name in named or None in providers or _provider_of(name, text) in (None, *providers)
        }
    texts = {name: visible_text(text) for name, text in written.items()}
    test = {name: of for name, text in texts.items() if (of := whose_test_value(name, text))}
    claim(
        not test,
        expected="live keys only",
        seen=listed(f"{name} has a test value {of}" for name, of in test.items()),
    )
    kinds = {name: why for name, text in texts.items() if (why := _of_another_kind(name, text))}
    claim(not kinds, expected="keys of the kind that the variable is for", seen=listed(kinds.values()))
    refuse_references(env_facts, (name for name in texts if owner_of(name)), see_through=True)
    live = {name: provider for name, text in texts.items() if (provider := matching(name, text, "live"))}
    _refuse_no_keys({name: texts[name] for name in {**live, **named}})
    around = [name for name in {**live, **named} if texts[name] != written[name]]
    claim(
        not around,
        expected="a key and nothing else in each variable",
        seen=listed(f"{name} has blanks, line breaks or invisible signs around its key" for name in around),
    )
    broken = [name for name, text in texts.items() if live.get(name) != owner_of(name) and almost_live(name, text)]
    claim(not broken, expected="whole live keys", seen=listed(f"{name} begins like one and is none" for name in broken))
    for name, text in named.items():
        owner = owner_of(name)
        if name in live and owner in (None, live[name]):
            continue
        if owner is None:
            raise CouldNotVerify(f"{name} does not have the shape of a live key of any known provider ({_TITLES})")
        if fits(owner.either, text) or owner.live == NOTHING:
            raise CouldNotVerify(f"{name}: a key of {owner.title} does not show whether it is a live one")
        raise ClaimFalse(f"a live key of {owner.title} in {name}", f"{name} has a different shape")
    found = {name: live[name] for name in named} or live
    # What the file has besides is looked at, too.
    refuse_odd_lines(env_facts)
    if not found:
        raise NotDeclared(
            f"{env_facts.path} holds no live key of a known provider ({_TITLES}), and no variable is named"
        )
    return Evidence(f"live keys: {listed(f'{name} ({whose(name, provider)})' for name, provider in found.items())}")


def _provider_of(name: str, text: str) -> Provider | None:
    """The provider that a variable is named after, or else that of the key that it holds."""
    return owner_of(name) or next(
        filter(None, (matching(name, visible_text(text), shape) for shape in ("live", "test"))), None
    )


_TITLES = ", ".join([*titles()][:12]) + f" and {len([*titles()]) - 12} more"


def _refuse_no_keys(keys: Mapping[str, str]) -> None:
    left = [name for name, key in keys.items() if is_placeholder("", key)]
    claim(not left, expected="live keys only", seen=f"a placeholder in {listed(left)}")
    made_up = [name for name, key in keys.items() if _is_made_up(key)]
    claim(
        not made_up,
        expected="live keys only",
        seen=listed(f"{name} is too short or too regular for a key that a provider gives out" for name in made_up),
    )


def _is_made_up(key: str) -> bool:
    """Whether a key is too regular for one; a public key may hold a name, so only its signs are counted."""
    provider = matching("", key, "live")
    own = re.split(r"(?:live|prod|production)[_$-]", key)[-1]
    if provider and fits(provider.public, key):
        return len(set(own)) < _FEWEST_SIGNS
    return estimated_bits(own) < KEY_BITS


_FEWEST_SIGNS = 6


def _of_another_kind(name: str, text: str) -> str:
    """Which kind of key a variable has, and which its name says, where these are not the same; "" otherwise."""
    upper = name.upper()
    live = matching(name, text, "live")
    if not live and (owner := owner_of(name)) and fits(owner.ids, text) and _FOR_KEY.search(upper):
        return f"{name} has the id of something at {owner.title}, and its name says that it is a key"
    provider = live or matching(name, text, "either")
    public, hook = (provider.public, provider.hook) if provider else (NOTHING, NOTHING)
    kind = "public" if fits(public, text) else "signing" if fits(hook, text) else "secret"
    if _PUBLIC_NAME.search(upper) and kind != "public":
        owned = f"a {kind} key of {provider.title}" if provider and (live or kind == "signing") else ""
        if secret := owned or _not_for_all(name, text):
            return f"{name} has {secret}, and its name says that it is a public one"
    if provider is None or public == NOTHING:
        return ""
    name_says = (
        "signing" * bool(_HOOK_NAME.search(upper))
        or "public" * bool(_PUBLIC_NAME.search(upper))
        or "secret" * bool(_SECRET_NAME.search(upper))
    )
    if not name_says or kind == name_says:
        return ""
    if kind == "signing" and name_says == "secret" and not _KEY_TO_ASK_WITH.search(upper):
        return ""
    if name_says == "signing" and provider.hook == NOTHING:
        return ""
    return f"{name} has a {kind} key of {provider.title}, and its name says that it is a {name_says} one"


def _not_for_all(name: str, text: str) -> str:
    """What is in a public variable that nobody but its owner may see; "" for nothing."""
    upper = name.upper()
    is_named_so = _BUNDLED.match(upper) and _PRIVATE.search(upper)
    is_one = is_named_so and estimated_bits(text) >= KEY_BITS and not is_path(name, text)
    return next(secrets_in(text), "a secret" if is_one else "")


def _otherwise(seen: str, accepted: Sequence[str]) -> str:
    if not seen:
        return "an empty value"
    if seen.lower() in map(str.lower, accepted):
        return "another value, by capitals only"
    return "another value"
