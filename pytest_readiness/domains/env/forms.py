"""What is written where a value is still to be: references and templates that something fills in, and placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

# The names are what messages call the forms; a value itself is never shown.
_FORMS = {
    "a template, {{…}}": re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}"),
    "a template, <%…%>": re.compile(r"<%[^%<]*%>"),
    # %C3%A4 is a text in a URL, and %H%M a form of dates.
    "a reference, %NAME%": re.compile(r"%[A-Za-z_]\w{2,}%(?![0-9A-Fa-f]{2})|%\(ENV_\w+\)s"),
    "a template, @NAME@": re.compile(r"(?<!\w)@[A-Za-z_][\w.-]*@(?!\w)|@[A-Z][A-Z0-9_]{2,}@"),
    "a template, #{…}": re.compile(r"#\{[^{}]+\}"),
    "a template, __NAME__": re.compile(r"(?<![A-Za-z0-9])__[A-Z][A-Z0-9_]*?__(?![A-Za-z0-9])|#_{2,4}\w{1,100}#"),
    "a template, [[…]]": re.compile(r"\[\[\s*[A-Za-z_][\w.]*\s*\]\]|##[A-Z][A-Z0-9_]*##"),
    "a template, %{…}": re.compile(r"%\{[^{}]+\}"),
    "a reference, ((…))": re.compile(r"\A\(\([\w./-]+\)\)\Z"),
    "a reference to a secret store": re.compile(
        r"(?i)\A(?:op://|bw://|(?:ref\+|aws|gcp|az|hashi)?(?:vault|ssm|awssm|awsssm|awssecrets|gcpsecrets|secretref|sm|secret|doppler|keyvault)"
        r"(?:://|:[\w/])|!(?:secret|ref|sub|vault)\b|\{?env[.:][A-Z_]+\}?\Z|%ENV\(|arn:aws[\w-]*:(?:secretsmanager|ssm):|@microsoft\.keyvault\(|projects/[\w-]+/secrets/)"
    ),
    "an encrypted value": re.compile(r"\A(?:ENC\[|ENC\(|encrypted:|\$ANSIBLE_VAULT;)"),
}
_DOLLAR_FORMS = {
    "a command, $(…)": re.compile(r"\$\(|\$\["),
    "a reference, ${…}": re.compile(r"\$\{"),
    "a reference, $NAME": re.compile(r"\A\$[A-Za-z_]\w*\Z"),
}
"""What some tools fill in between single quotes, too."""
_SHELL_FORMS = {
    "a reference, $NAME": re.compile(r"\$[\w$!?@*#-]"),
    "a command, `…`": re.compile(r"`[^`]*`"),
}
"""What no tool fills in between single quotes."""
TEMPLATE_NAMES = re.compile(r"(?i)TEMPLATE|FORMAT|FMT|PATTERN|MASK|LAYOUT|(?<![A-Z])(?:ARN|PS1|PREFIX|SUFFIX)(?![A-Z])")
"""How variables are called whose value is a template, or the name of something, and meant to stay one."""


def unfilled(name: str, value: str, *, single_quoted: bool = False, of_shell: bool = True) -> str:
    """What is in a value that something else than this file fills in: a sentence's end, or "" for nothing.

    Args:
        single_quoted: whether it stands between single quotes, where no tool fills in what a shell would.
        of_shell: whether forms with $ and backticks count; not where it is known what was made of them.
    """
    forms = {} if TEMPLATE_NAMES.search(name) else dict(_FORMS)
    if of_shell:
        # A command or a reference of the shell is filled in under any name.
        forms |= _DOLLAR_FORMS if single_quoted else {**_DOLLAR_FORMS, **_SHELL_FORMS}
    return next((form for form, shape in forms.items() if shape.search(value)), "")


# Verbs that tell somebody to do something, what they are told to do it to, and what the place is called.
_TELLS = r"(?: generate | create | choose | pick | use | set )"
_HELD = r"(?: value | password | passwd | passphrase | secret | key | api[-_]?key | token )"
_THING = (
    r"(?: value | password | passwd | passphrase | secret | key | api[-_]?key | token | url | uri | host(?:name)?"
    r" | name | user(?:name)? | domain | bucket | email | address | id | string | dsn | credentials? | salt )"
)
_ANYWHERE = re.compile(
    rf"""
    (?<![^\W_]) (?:
        (?: change | replace | update | edit | modify ) [-_ ]? (?:me | this | it | with\w*)
      | (?: {_TELLS} | enter | insert | put | provide | specify | add ) [-_]
        (?: (?:an? | your | own | the | some | my) [-_] (?:[^\W_]{{1,20}} [-_]){{0,4}}? ) {_THING} (?= [@:/,;&?] | $ )
      | (?: enter | insert | put | provide | specify ) [-_] {_THING} (?: [-_] here )? (?= [@:/,;&?] | $ )
      | {_TELLS} [-_] {_HELD} (?: [-_] here ) (?= [@:/,;&?] | $ )
      | (?: insert | enter | put | add | paste | fill | set ) [-_] (?:your | here | me | this)
      | (?: fill | put | paste ) [-_] in
      | {_TELLS} [-_] (?:an? | your ) [-_] (?:new | own | random | strong | long | secure | unique)
      | {_THING} (?: [-_] goes )? [-_] here (?= [@:/?&] | $)
      | your [-_]? (?: secret | key | api | token | pass(?:word)? | domain | company | org | project | account | app
          | bucket | region | user(?:name)? | name | host | server | client | site | email )
      | not [-_]a[-_](?:real | valid | secret)\b
      | to [-_] be [-_] (?:set | defined | filled | done | replaced | changed | generated)
      | example
    ) (?![^\W_])
  | (?:^ | // | [:@=]) your [-_] \w
  | (?<![^\W_]) x{{3,}} (?=[-_:@/]x{{3,}} | [:@/] | $) | x{{6,}}
  | ^ (?: to-?do | tbd | tba | tbc | fixme | place-?holder | dummy | fake | undefined | unset
      | not[-_]?set | redacted | removed | hidden | missing
      | lorem\ ipsum.* | (?:foo | bar | baz | foobar) | \*{{3,}} | \?{{2,}}
      | -{{3,}} | _{{3,}} | \.{{3,}} | \{{\{{.*\}}\}} | \[[a-z][\w .'-]*\] | __\w+__ | %%\w+%%
      | 0{{8}}(?:-0{{4}}){{3}}-0{{12}} ) $
  | ^ (?:place-?holder | dummy | fake | django-insecure) [-_]
  | (?:^ | [-_=:]) (?:\.{{3}} | …) $
  | (?-i: \b (?: (?:TODO | TBD | FIXME) (?![A-Za-z0-9]) | CHANGEME) | EXAMPLE (?:KEY)? $)
    """,  # noqa: S608 (no SQL)
    re.VERBOSE | re.IGNORECASE,
)
_IN_SECRETS = re.compile(
    rf"""
    (?: {_TELLS} | add ) [-_] {_THING}
  | (?: null | none | nil | empty | n/?a | replace | change | update ) | \{{[a-z][\w .-]*\}}
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What is no value only where a secret should be."""
_GENERIC = re.compile(
    rf"""
    (?: an? | my | our | the | this | is | some | any | your | not | so | very | super | new | own | random | strong
      | long | secure | unique | default | test | dev(?:elopment)? | local | prod(?:uction)? | staging | string
      | signing | encryption | session | app | db | database | jwt | admin | root | here | {_THING} ) [-_.!]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Words that say what a secret is for, and nothing of it."""
_ANGLES = re.compile(r"<([a-z][\w.:-]*)[\w .:/='\"-]*>", re.IGNORECASE)
_VOID = frozenset(("br", "hr", "img", "wbr", "input", "meta", "link"))
"""Elements of HTML without an end."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PATH = re.compile(r"(?<![\w:/])[~.]{0,2}/[\w./-]+|(?<=[\w\]])/[\w./~%-]+")
_SECRET_WORDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secretkey",
    "apikey",
    "token",
    "accesstoken",
    "key",
    "salt",
)
_LONGEST = 2048
"""Characters of a text that are looked at; what stands for a value is short."""


def is_placeholder(name: str, value: str) -> bool:
    """Whether a value stands for one that is still to be written; texts within JSON are looked at one by one."""
    return any(_stands_for_another(name, text) for text in _texts(value))


def _stands_for_another(name: str, text: str) -> bool:
    text = text[:_LONGEST]
    if _same(name, text):
        return True
    if TEMPLATE_NAMES.search(name):
        # What is in brackets there is the template's own.
        text = re.sub(r"\{\{[^{}]*\}\}|[\[{<][^\[\]{}<>]*[\]}>]", "", text)
    # "add-in" in a path is a folder; what a person is told to do there is told as "your-…" or "changeme".
    words = _PATH.sub(_verbless, text)
    if _name_of_secret(name):
        # A hint for users may say "enter your password"; a secret may not.
        words = words.replace(" ", "_")
        if _IN_SECRETS.fullmatch(words) or (words and not _GENERIC.sub("", words)):
            return True
    return bool(_ANYWHERE.search(words) or _ANYWHERE.search(_CAMEL.sub("_", words))) or _has_angles(text)


def _verbless(path: re.Match[str]) -> str:
    parts = path[0].split("/")
    return "/".join(
        "" if re.fullmatch(r"(?i)(add|set|use|put|create|generate|pick|choose)[-_].*", each) else each for each in parts
    )


def _has_angles(text: str) -> bool:
    for found in _ANGLES.finditer(text):
        tag = found[1].lower()
        if tag not in _VOID and f"</{tag}>" not in text.lower() and not found[0].endswith("/>") and "@" not in found[0]:
            return True
    return False


def _same(name: str, text: str) -> bool:
    """Whether a value is the variable's own name, or what a secret is called."""
    plain, own = (re.sub(r"[\W_]", "", each).casefold() for each in (text, name))
    if not plain:
        return False
    alike = plain == own or (plain in _SECRET_WORDS and own.endswith(plain))
    return text == name or (alike and _name_of_secret(name))


def _name_of_secret(name: str) -> bool:
    return re.sub(r"[\W_]", "", name).casefold().endswith(_SECRET_WORDS)


def _texts(value: str) -> Iterator[str]:
    """The value itself, or the texts in it where it is a list or mapping of JSON."""
    if value[:1] in ("[", "{"):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            pass
        else:
            yield from _leaves(found)
            return
    yield value


def _leaves(found: object) -> Iterator[str]:
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()
