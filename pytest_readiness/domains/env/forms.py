"""References and templates that stand in a value, and that something fills in or leaves as they are."""

from __future__ import annotations

import re

# The names are what messages call the forms; a value itself is never shown.
_PLACES = {
    "a template, {{…}}": re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}"),
    "a template, <%…%>": re.compile(r"<%[^%<]*%>"),
    # %C3%A4 is a text in a URL, and %H%M a form of dates.
    "a reference, %NAME%": re.compile(r"%[A-Za-z_]\w{2,}%(?![0-9A-Fa-f]{2})|%\(ENV_\w+\)s"),
    "a template, @NAME@": re.compile(r"(?<!\w)@[A-Za-z_][\w.-]*@(?!\w)|@[A-Z][A-Z0-9_]{2,}@"),
    "a template, #{…}": re.compile(r"#\{[^{}]+\}"),
    "a template, __NAME__": re.compile(r"(?<![A-Za-z0-9])__[A-Z][A-Z0-9_]*?__(?![A-Za-z0-9])|#_{2,4}\w{1,100}#"),
    "a template, [[…]]": re.compile(r"\[\[\s*[A-Za-z_][\w.]*\s*\]\]|##[A-Z][A-Z0-9_]*##"),
    "a template, %{…}": re.compile(r"%\{[^{}]+\}"),
    "a reference, {$NAME}": re.compile(r"\{\$[A-Za-z_]\w*\}"),
    "a template, [%…%]": re.compile(r"\[%[^%]*%\]"),
}
"""Places of templates, which may stand anywhere in a value."""
_WHOLE_FORMS = {
    "a reference, ((…))": re.compile(r"\A\(\([\w./-]+\)\)\Z"),
    "a reference to a secret store": re.compile(
        r"(?i)\A(?:op://|bw://|(?:ref\+|aws|gcp|az|hashi)?(?:vault|ssm|awssm|awsssm|awssecrets|gcpsecrets|secretref|sm|secret|doppler|keyvault"
        r"|azkv|infisical|bws|keyring|keychain|pass|gopass|chamber|akeyless|aws-s[ms]m?|gcp-?sm|kv|conjur|berglas)"
        r"(?:://|:[\w/])|!(?:secret|ref|sub|vault)\b|\{?env[.:][A-Z_][A-Z0-9_]*\}?\Z|%ENV\(|arn:aws[\w-]*:(?:secretsmanager|ssm):|@microsoft\.keyvault\(|projects/[\w-]+/secrets/)"
    ),
    "an encrypted value": re.compile(
        r"\A(?:ENC\[|ENC\(|encrypted:|\$ANSIBLE_VAULT;|\{(?:cipher|aes|AES|rsa|RSA)\}"
        r"|-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)"
        # By Fernet; by OpenSSL, whose files begin with "Salted__"; by AWS KMS.
        r"|gAAAAA[A-Za-z0-9_-]{90,}={0,2}\Z|U2FsdGVkX1[89+/]|AQICAH[A-Za-z0-9+/]{30,})"
    ),
    "a reference of a program": re.compile(
        r"\A(?:process\.env\.\w+|os\.(?:environ\[|getenv\()|System\.getenv\(|ENV\[|env\(|secrets\.[A-Z][A-Z0-9_]+\Z)"
        r"|hiera\(|lookup\(|var\.[a-z]+_\w+\Z|valueFrom:|secretKeyRef\b"
    ),
    # Of gomplate, confd and others, whose brackets can be chosen; a list in JSON begins otherwise.
    "a template, [[ … ]]": re.compile(r"\[\[-?\s*(?:[.$][A-Za-z_]|[a-z]+\s+[\"'`./])[^\[\]]*\]\]"),
    # The format of a log has such parts in small letters.
    "a reference, %(NAME)s": re.compile(r"%\([A-Z][A-Z0-9_]{2,}\)s"),
    "a template, &{…}": re.compile(r"\A[~&]\{[A-Za-z_]\w*\}\Z"),
    "a reference to a store of secrets": re.compile(
        r"(?i)\A(?:[a-z][a-z0-9+]{1,15}[:-]?)?(?:secrets?[-_]?manager|param(?:eter)?[-_]?store|secret[-_]?store)s?[:/]"
        r"|\Asops:[\w/]"
    ),
}
_SHELL_FORMS = {
    "a command, $(…)": re.compile(r"\$\(|\$\["),
    "a reference, ${…}": re.compile(r"\$\{"),
    "a reference, $NAME": re.compile(r"\$[\w$!?@*#-]"),
    "a command, `…`": re.compile(r"`[^`]*`"),
    "a command, <(…)": re.compile(r"\A<\(.+\)\Z"),
}
# Narrower than the above: the text itself is what the program gets, and a random password may hold a `$(`.
_MEANT_TO_BE_FILLED = {
    "a command, $(…)": re.compile(
        r"\$\((?:\s*[a-z][\w./-]+\s[^()]*|date|hostname|id|nproc|pwd|uname|uuidgen|whoami|\s*[/<]\s*[\w./-]{3,}(?:\s[^()]*)?)\)"
    ),
    "a reference, ${…}": re.compile(r"\$\{[A-Za-z_]\w*(?::?[-+?=][^{}]*|[#%/:][^{}]*)?\}"),
    "a reference, $NAME": re.compile(r"\A\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)\Z"),
    "a command, `…`": re.compile(r"\A`\s*(?:[a-z][\w./-]+\s[^`]+|[a-z]{3,}|[/<][\w./-]{3,}(?:\s[^`]*)?)`\Z"),
    "a command, <(…)": re.compile(r"\A<\(.+\)\Z"),
}
_SINGLE_QUOTED_FORMS = {
    # A list of variables in a container's declaration has $(NAME) filled in, however it was quoted here.
    "a command, $(…)": re.compile(rf"\$\([A-Za-z_]\w+\)|{_MEANT_TO_BE_FILLED['a command, $(…)'].pattern}"),
    # By python-dotenv, whatever the name is.
    "a reference, ${…}": re.compile(r"\$\{[^}:]{0,200}(?::-[^}]{0,2000})?\}"),
    "a reference, $NAME": re.compile(r"\A\$[A-Za-z_]\w*\Z"),
}
"""What some tools fill in between single quotes, too."""
TEMPLATE_NAMES = re.compile(r"(?i)TEMPLATE|FORMAT|FMT|PATTERN|MASK|LAYOUT|(?<![A-Z])(?:ARN|PS1|PREFIX|SUFFIX)(?![A-Z])")
"""How variables are called whose value is a template, or the name of something, and meant to stay one."""


def unfilled(name: str, value: str, *, single_quoted: bool = False, of_shell: bool = True) -> str:
    """What is in a value that something else than this file fills in: a sentence's end, or "" for nothing.

    Args:
        single_quoted: whether it stands between single quotes, where no tool fills in what a shell would.
        of_shell: whether forms with $ and backticks count; not where it is known what was made of them.
    """
    forms = {}
    if not TEMPLATE_NAMES.search(name):
        places = {form: shape for form, shape in _PLACES.items() if shape.search(value)}
        forms = {form: shape for form, shape in places.items() if not is_by_chance(shape, value)} | _WHOLE_FORMS
    if of_shell:
        # A command or a reference of the shell is filled in under any name.
        forms |= _SINGLE_QUOTED_FORMS if single_quoted else _SHELL_FORMS
    return next((form for form, shape in forms.items() if shape.search(value)), "")


def is_by_chance(shape: re.Pattern[str], value: str) -> bool:
    """Whether places of this shape are in a text only because a generator drew these signs.

    What a person writes around a place is of words and numbers; what a generator draws hardly goes on for three
    characters with letters of one case or with digits, and holds all of them, or signs that join nothing.
    """
    around = shape.sub("", value)
    if "://" in value or len(around) < _FEWEST_AROUND:
        return False
    if any(_NAMED_BY_SOMEBODY.fullmatch(found[0]) for found in shape.finditer(value)):
        return False
    pieces = len(_PIECE.findall(value))
    is_mixed = all(kind.search(around) for kind in _KINDS) or len({*_ODD.findall(around)}) > 1
    return pieces * 5 >= len(value) * 2 and is_mixed


_FEWEST_AROUND = 8
_NAMED_BY_SOMEBODY = re.compile(r"\W{1,4}(?:[A-Z][A-Z_]{3,}|[a-z]{2,}(?:_[a-z]{2,})+)\W{1,4}")
"""A place with a name in capitals, or of words that are joined."""
_KINDS = tuple(map(re.compile, (r"[a-z]", r"[A-Z]", r"\d")))
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^A-Za-z\d]+")
_ODD = re.compile(r"[^\w\s./:@,;=\"'-]")
"""A sign that does not join the parts of an address, a path or a list."""


def left_as_text(name: str, value: str) -> str:
    """What somebody meant to be filled in, in a value in which it stays text; "" for nothing."""
    if TEMPLATE_NAMES.search(name):
        return ""
    return next((form for form, shape in _MEANT_TO_BE_FILLED.items() if shape.search(value)), "")
