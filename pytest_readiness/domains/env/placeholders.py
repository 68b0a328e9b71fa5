"""What people write where a value is still to be, in several languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from string import digits

from pytest_readiness.core.entropy import decoded, estimated_bits
from pytest_readiness.domains.env.forms import TEMPLATE_NAMES, is_by_chance, unfilled

# Verbs that tell somebody to do something, what they are told to do it to, and what the place is called.
_TELLS = r"(?: generate | create | choose | pick | use | set )"
_HELD = r"(?: value | password | passwd | passphrase | secret | key | api[-_]?key | token )"
_THING = (
    r"(?: value | password | passwd | passphrase | secret | key | api[-_]?key | token | url | uri"
    r" | host(?:name)?"
    r" | name | user(?:name)? | domain | bucket | email | address | id | string | dsn | credentials? | salt )"
)
_ANYWHERE = re.compile(
    rf"""
    (?<![^\W_]) (?:
        (?: change | replace | update | edit | modify ) [-_ ]? (?:me | this | it | with\w*) \d{{0,4}}
      | (?: {_TELLS} | enter | insert | put | provide | specify | add ) [-_]
        (?: (?:an? | your | own | the | some
          | my) [-_] (?:[^\W_]{{1,20}} [-_]){{0,4}}? ) {_THING} (?= [@:/,;&?] | $ )
      | (?: enter | insert | put | provide | specify ) [-_] {_THING} (?: [-_] here )? (?= [@:/,;&?] | $ )
      | {_TELLS} [-_] {_HELD} (?: [-_] here ) (?= [@:/,;&?] | $ )
      | (?: insert | enter | put | add | paste | fill | set ) [-_] (?:your | here | me | this)
      | (?: fill | put | paste ) [-_] in
      | {_TELLS} [-_] (?:an? | your ) [-_] (?:new | own | random | strong | long | secure | unique)
      | {_THING} (?: [-_] goes )? [-_] here (?= [@:/?&] | $)
      | your [-_] (?: [^\W_]{{1,20}} [-_] ) {_HELD}
      | your (?: [-_.]? (?: {_THING} | api | pass | company | org | project | account | app | region | server
        | client
          | provider | site | webhook | tenant | own | strong | real | here ) )+
      | (?: fill | set | add | insert | put | generate | create ) [-_]? me
      | sample [-_] {_THING}
      | not [-_]a[-_](?:real | valid | secret)\b
      | to [-_] be [-_] (?:set | defined | filled | done | replaced | changed | generated | modified
        | updated) \d{{0,4}}
      | example
    ) (?![^\W_])
  | (?:^ | // | [:@=]) your [-_] \w | (?: ^ | [\s<] ) your @ | [{{\[<] your [^\W_]
  | ^ your \  (?: company | app(?:lication)? | site | business | shop | store | organi[sz]ation | project
    | brand | name ) (?: \ name )? $
  | (?<![^\W_]) muster (?: mann | frau | stadt | firma | stra(?:ß | ss)e ) (?![^\W_])
  # A name that is to be replaced, in the place of a host or of an account.
  | (?-i: // [A-Z]+ (?:_[A-Z]+)+ (?= [.:/] ) | (?<= [:/] ) (?: ACCOUNT | (?:[A-Z]+_)+ID ) (?= [.:/] | $ ) )
  | ^ \+ 123456789?0? $ | ^ (?P<digit>[0-9a-f]) (?P=digit){{7}} (?: - (?P=digit){{4}} ){{3}} - (?P=digit){{12}} $
  | (?<![^\W_]) x{{3,}} (?=[-_:@/]x{{3,}} | [:@/.] | $) | x{{6,}}
  | (?<![^\W_]) do[-_ ]?not[-_ ]?use (?![^\W_]) | (?: ^ | [/\\:]) path [/\\] to [/\\]
  | :// (?: null | none | nil | undefined ) (?= [:/?] | $ ) | (?: ^ | // | @ | \. ) (?: my
    | some ) [-_]? (?: domain | company ) \.
  | (?<![^\W_]) (?: john | jane ) [-_.]? doe @ | (?<= \w ) @ (?: foo | bar | baz | foobar ) \.
  | (?<![^\W_]) (?: 555-(?:01\d\d | 1234 | 5555) | UA-0{{5,}}-\d+ ) (?![^\W_])
    | ^ (?P<uniform>[^\W_]) (?P=uniform){{15,}} $
  | ^ replaced? [-_] (?: by | in | at | on | before | during ) [-_]
  | ^ \*{{3,}}+ [\w.-]+ \*{{3,}}+ $ | (?<=\w) \*{{5,}} | (?<=\w) \*{{4}} \w{{0,6}} $ | [•●∙]{{3,}}
  | ^ « .* » $ | ^ 123456:ABC-DEF
  | ^ (?: to-?do | tbd | tba | tbc | fixme | place-?holder | dummy | fake | undefined | unset
      | not[-_]?set | redacted | removed | hidden | missing
      | lorem\ ipsum.* | (?:foo | bar | baz | foobar) | \*{{3,}} | \?{{2,}}
      | -{{3,}} | _{{3,}} | \.{{3,}} | \{{\{{.*\}}\}} | \[[a-z][\w .'-]*\] | __\w+__ | %%\w+%%
      | 0{{8}}(?:-0{{4}}){{3}}-0{{12}} ) $
  | ^ (?:place-?holder | dummy | fake | django-insecure) [-_]
  | (?:^ | [-_=:]) (?:\.{{3}} | …) $
  # What standards and products reserve for examples: RFC 2606, 5737 and 3849, account numbers of AWS.
  | (?<=[\w-]) \. (?: invalid | example ) (?= [:/?&,;\s] | $ )
  | (?<![\d.]) (?: 192\.0\.2 | 198\.51\.100 | 203\.0\.113 ) \. \d{{1,3}} (?![\d.]) | (?<![\w:]) 2001:0?db8:
  | (?: ^ | :(?:iam | sts):: ) (?: 123456789012 | 111122223333 ) (?!\d) | (?<![^\W_]) devstoreaccount1 (?![^\W_])
  | ^ UseDevelopmentStorage=true
  | (?:^ | // | @ | www\.) (?: (?: my | your ) -? )? (?: domain | site | website | company )
    \. (?: com | org | net | tld ) (?![\w.-])
  # Numbers that count, or are the same in each part.
  | 12345678-(?:1234-){{3}}\w{{12}} | 11111111-2222-3333-4444-5{{12}}
  | ^ (?: G | GTM | AW | xox[abp] ) - (?: 0{{6,}} | 1234567890?\d* ) (?: - [\w-]* )? $
  | (?<=-) x{{4,}} (?=-) | ^ x (?: \.x ){{2,3}} $
  | -----BEGIN [^-]{{0,60}} ----- (?: \\n | \s )* [A-Za-z0-9+/]{{0,40}} \.{{3}}
  | (?-i: ^ (?P<sign>[#~|:$!*^&]{{1,3}}) [A-Z][A-Z0-9_]{{2,}} (?P=sign) $ )
  | (?-i: \b (?: (?:TODO | TBD | FIXME) (?![A-Za-z0-9]) | CHANGEME) | EXAMPLE (?:KEY)? $)
    """,  # noqa: S608 (no SQL)
    re.VERBOSE | re.IGNORECASE,
)
_IN_SECRETS = re.compile(
    rf"""
    (?: {_TELLS} | add ) [-_] {_THING}
  | (?: null | none | nil | nan | empty | n [/.-]? a | replace | change | update | insert ) \W*
    | \{{[a-z][\w .-]*\}}
  | \S+ (?: \.{{3}} | … ) \S*
  | [(<«] [\w .-]+ [)>»] | x+ | \W+ | _+
  | (?: ask | see | from | in | stored[-_]in | get[-_]from | look[-_]?up ) [-_] (?:the[-_])?
    (?: ops | dev-?ops | sre | infra(?:structure)? | platform | security | operations | admin\w* | team
      | (?:\w+[-_])? vault | 1password | bitwarden | lastpass
      | keepass\w* | keychain
      | ci | secrets? | secrets?[-_]manager | key[-_]?store | github | gitlab | env(?:ironment)? | terraform )
  | (?: injected | set | filled | provided | managed | generated | overridden | populated | created
    | replaced ) [-_]
    (?: by | at | from | in | during | via | on ) [-_] \w [\w-]*
  | (?: (?:dev(?:elopment)? | local | test(?:ing)?) [-_] )+ only ([-_].*)?
    | (?: only [-_] )? for [-_] (?: dev | test | local ) .*
  | run [\W_]+ (?: openssl | php | npx? | yarn | rails | rake | python3? | mix | make | docker ) (?![^\W_]) .*
  | (?: openssl | pwgen ) [-_] .* | same [-_] as [-_] .* | \w{{0,30}}not[-_]found[-_] .*
  # What a command wrote that was to read the secret.
  | (?: an [-_] )? (?: error | exception | fatal | traceback ) (?![a-z0-9]) .*
  | [^\W_]
    """,  # noqa: S608 (no SQL)
    re.VERBOSE | re.IGNORECASE,
)
"""What is no value only where a secret should be."""
_GENERIC = re.compile(
    rf"""
    (?: an? | my | our | the | this | is | some | any | your | not | so | very | super | new | own | random
      | strong
      | long | secure | unique | default | test | dev(?:elopment)? | local | prod(?:uction)? | staging | string
      | signing | encryption | base | temp(?:orary)?
      | session | app | db | database | jwt | admin | root | here | {_THING} ) [-_.!]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Words that say what a secret is for, and nothing of it."""
_GLUE_ABROAD = (
    r"mein[e]? | dein[e]? | ihr[e]? | das | ein | sehr | streng | geheim(?:es | er | nis)? | passwort"
    r" | kennwort | wird | noch"
    r" | ersetzt | (?:ge)?(?:ä | ae)nder[nt] | werden | setzen | hier | eintragen | bitte | platzhalter"
    r" | mon | ma | mot | de | passe"
    r" | tr[eè]s | cl[eé] | d[eé]finir | changer | mi | tu | su | clave | secret[aoe] | muy"
    r" | contrase[nñ]a | poner | cambiar | por"
    r" | aqu[ií] | senha | minha | sua | chave | parola | la | mia | tua | wachtwoord | mijn | geheim"
    r" | haslo | moje | heslo"
    r" | l[oö]senord | mitt | passord | mot[-_]de[-_]passe | ici | qui"
)
_GENERIC_TOO = re.compile(
    rf"""
    (?: {_GENERIC.pattern} | (?: pass | pw | cookie | webhook | csrf | hmac | hash | auth(?:entication)?
      | oauth2? | access
      | refresh | private | public | master | service | server | client | backend | frontend | web | website
      | application | project | company | of | for | in | to | be | only | and | with | that | which | it
        | please
      | must | should | have | at | least | min(?:imum)? | bits? | bytes? | char(?:acter)?s? | length
        | enough | safe
      | insecure | unsafe | in[-_]?valid | real | good | great | top | change | changed | replace | todo
        | generated? | me
      | will | set | at | updated? | modif(?:y | ied) | rotated? | soon | unknown | blank | keep | until | when
      | no | none | yet | key | by | from | ask | by | later | before | deploy(?:ment)? | go[-_]?live
        | laravel | django | rails
      | symfony | node | express | flask | spring | drupal | wordpress | homestead | sail | forge
      | postgres(?:ql)? | mysql | mariadb | redis | mongo(?:db)? | rabbit(?:mq)?
      | fake | dummy | demo | sample | coming | waiting | expired | missing | disabled | vendor | launch | request
      | it | non | does | matter | use | openssl | rand | hex | base64 | {_GLUE_ABROAD} | \d{{1,4}} (?!\d) ) [-_.!]? )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The same and more, where it is sure that a secret should be: a bare KEY may be the name of a field."""
_LONGEST_PHRASE = 100
_THOUGHT_UP = frozenset(
    """
    letmein admin administrator root toor guest user minioadmin rabbitmq postgres postgresql mysql mariadb redis
    mongo mongodb elastic grafana jenkins sonar tomcat wordpress vagrant docker raspberry oracle sa qwerty
    qwertz azerty qwertyuiop asdf asdfgh asdfasdf abc abcd abcde abcdef abcdefg hunter iloveyou welcome monkey
    dragon sunshine trustno foo foobar bar baz bogus invalid nope blah pending wip required optional temp
    temporary tmp hidden removed insecure unsafe keyboardcat sh shh youwillneverguess whatever something
    anything random testing tester demo dummy fake sample mock hello helloworld confidential changeit
    notsosecret nosecret notsecret passwort kennwort geheim geheimnis motdepasse contrasena contraseña clave
    secreto senha segredo parola segreto wachtwoord geheimwoord haslo hasło tajne пароль секрет 密码 秘密 パスワード
    비밀번호 sifre şifre losenord lösenord passord kodeord heslo salasana jelszo jelszó
    spring summer autumn fall winter fruehling frühling sommer herbst january february march april june july august
    januar februar märz maerz mai juni juli oktober dezember
    september october november december printemps hiver verano invierno inverno estate zima lato monday friday
    tests xyz xyzzy quux superman batman football princess lorem loremipsum correcthorsebatterystaple autogenerated
    minio blabla unknown blank soon tobemodified tobechanged йцукен
    false true nothing vaihdaminut skiftmig 修改我 secretpassword
    """.split()  # noqa: SIM905 (a hundred lines otherwise)
)
"""What people write where a secret should be, and attackers try first."""
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_OWN = (
    r"(?: dein[er]? | ihre? | euer | eure | mein[e]? | votre | vos | ton | ta | mon | ma | tu | su | mi"
    r" | tua | tuo | sua | suo | seu | minha | meu | mia | mio | jouw | uw | je | tw[oó]j[ea]? | ваш[аеи]?"
    r" | мой | твой | ditt? | din | va[sš]e? | sizin )"
)
_THING_ABROAD = (
    r"(?: schl(?:ü|ue)ssel | passwort | kennwort | geheimnis | benutzer\w* | cl[eé] | mot[-_]de[-_]passe"
    r" | jeton | domaine | clave | contrase[nñ]a | secreto | usuario | senha | chave | segredo | chiave"
    r" | parola | segreto | wachtwoord | sleutel | has[lł]o | klucz | пароль | ключ | токен | секрет"
    r" | [sş]ifre | anahtar | l[oö]senord | nyckel | passord | n[oø]kkel | n[oø]gle | kodeord | heslo | kl[ií][cč] )"
)
_ABROAD = re.compile(
    rf"""
    (?<![^\W_]) (?:
        {_OWN} [-_.] (?: [^\W_]{{1,20}} [-_.] ){{0,3}}? (?: {_THING} | {_THING_ABROAD} )
      | {_OWN} [-_]? (?: (?:web)?seite | site | sitio | sito | dom(?:ä | ae)ne | domaine?
        | dom[ií]nio | domena | domen ) (?= \. )
      | (?: bitte | noch | zu ) [-_] (?: (?:ä|ae|a)ndern | eintragen | ersetzen | ausf(?:ü|ue|u)llen | setzen
        | erg(?:ä|ae)nzen )
      | hier [-_] (?: dein\w* | ihr\w* | ein(?:tragen | f(?:ü|ue|u)gen | setzen | geben) | ausf(?:ü|ue|u)llen
        | invullen )
      | (?:ä|ae)nder[en]? [-_]? (?: mich | dies\w* | das ) | platzhalter
      | [àa] [-_] (?: changer | remplacer | remplir | d[ée]finir | compl[ée]ter | renseigner )
      | (?: chang | remplac ) e[rz] [-_]? (?: moi | ceci | [çc]a | le ) | mettre [-_] ici
        | (?: {_THING_ABROAD} ) [-_] (?: ici | aqu[ií] | qui | hier )
      | (?: c[áa]mbia(?:r|lo)? | reemplazar? | sustitu(?:ir|ye) ) [-_] (?: esto | este | esta | por | me
        | aqu[ií] | el | la )
        (?: [-_] \w+ )* | c[áa]mbia(?:me | lo) | reemplazame | cambiami
        | por [-_] (?: cambiar | definir )
      | da [-_] (?: cambiare | sostituire | definire | compilare | inserire ) | inseri(?:re|sci|r) [-_] \w+
        | a [-_] (?: alterar | definir )
      | (?: alterar | trocar | mudar | substituir | troque | mude | altere ) [-_]? (?: me | isso | isto
        | aqui | esta )
      | coloque [-_] \w+ | (?: wijzig | verander | vervang ) [-_]? (?: mij | me | dit )
        | vul [-_] (?: hier [-_] )? in
      | zmie[ńn] [-_]? (?: mnie | to ) | wpisz [-_] \w+ | (?: замени | измени | поменяй )(?: ть
        | те )? (?: [-_] \w+ )? | вставьте\w*
      | de[ğg]i[şs]tir (?: in | me )? | buraya [-_] \w+ | [äa]ndra [-_]? (?: mig | detta ) | byt [-_]? ut
        | endre [-_]? (?: meg | dette )
      | (?: смени(?: ть | те )? | ganti | thay[-_]?(?: doi | đổi ) | cser[eé]ld? | schimb[ăa] | [αa]λλ[αά]ξ[εο]\w*
        ) [-_] \w+
      | zm[ěe][ňn](?:it | te)? [-_]? (?: m[ěe] | to )?
    ) (?![^\W_])
  | ^ (?: 请(?:修改|替换|填写|输入|更改)
    | 你的 | 您的 | 在此(?:处)? | 此处 | 这里填 | \w{{1,12}}を(?:変更|入力|設定)して
    | ここに | あなたの | 変更して | 여기에 | 변경 )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The same in other languages, as far as words are joined; where a secret should be, blanks count as joints."""
_ALONE_ABROAD = re.compile(
    r"(?:(?:ä|ae)ndern|ausf(?:ü|ue)llen|cambiar|reemplazar|cambiare|alterar|trocar|mudar|wijzigen|zmie[nń]|aqu[ií]|ici|hier|qui"
    r"|修改|填写|变更|変更)\W*",
    re.IGNORECASE,
)
_WITH_PASSWORD = re.compile(
    r"://(?P<user>[^:@/\s]{0,200}):(?P<password>[^/\s]{1,200})@|(?i:(?:^|[?&;\s])(?:password|passwd|pwd|accountkey|sharedaccesskey)=(?P<given>[^&;\s]{1,200}))"
)
_FILE_PATH = re.compile(
    r"(?:file://)?(?:~|\.{1,2})?(?:/[a-z0-9_.-]+){2,}|(?:file://)?(?:~|\.{1,2})?/(?:run|etc|var|opt|srv|home|usr|mnt|media|root|tmp|app"
    r"|data|private|secrets?|vault|certs?|keys|config|Users|Volumes)/[\w./ -]+"
    r"|(?:file:/|classpath:|jar:file:)\S+|[A-Za-z]:[\\/][\w.\\/ -]+"
    # Of another host, and of a store of files.
    r"|\\{1,2}[\w.-]+\\[\w.$\\ -]+|(?:s3a?|gs|gcs|az|abfss?|wasbs?|oss|cos|r2|b2|swift|nfs|smb|ftps?|sftp)://[^\s@]+"
)
_ANGLES = re.compile(r"<([a-z][\w.:-]+)[\w .:/='\"-]*>", re.IGNORECASE)
_VOID = frozenset(("br", "hr", "img", "wbr", "input", "meta", "link"))
"""Elements of HTML without an end."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PATH = re.compile(
    r"(?<![\w:/])[~.]{0,2}/[\w./-]+|(?<=[\w\]])/[\w./~%-]+|(?<=file://)/[\w./~%-]+|(?<!\w)[A-Za-z]:[\\/][\w.\\/-]+"
)
_FOLDER = re.compile(
    r"(?i)(?:add|set|use|put|create|generate|pick|choose)[-_].*|(?:[\w-]*[-_.])?examples?(?:[-_.][\w.-]*)?|your-account"
)
"""What folders are called, and no placeholder is."""
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
    """Whether a value stands for one that is still to be written.

    Texts within JSON are looked at one by one, and what is encoded as base64 or the like is decoded.
    """
    return any(
        _stands_for_another(its_name, text)
        for its_name, each in _texts(name, value)
        for text in _readings(each[:_LONGEST])
        if text
    )


def _readings(text: str) -> Iterator[str]:
    """The text, and what it is the encoded form of; an encoded piece of it may be part of a key."""
    yield text
    if text.startswith("#"):
        # Somebody may have meant a comment.
        yield text.lstrip("# ")
    yield from (found[1] for found in _DEFAULT.finditer(text))
    bare = text.removeprefix("base64:")
    yield from (each for each in decoded(bare)[1:] if each[:4] != bare[:4])


_DEFAULT = re.compile(r"\A\$\{\w+:?-([^{}]{1,2000})\}\Z")
"""What stands for a reference to a variable that is not set."""


def is_path(name: str, value: str) -> bool:
    """Whether a value is the path of a file, by its form or because the variable's name says so."""
    return re.search(r"(?i)_(?:FILE|PATH|FILENAME)$", name) is not None or _FILE_PATH.fullmatch(value) is not None


def is_kept_elsewhere(value: str) -> bool:
    """Whether a value is the address of a secret or key in a store of them, and not the secret."""
    return _STORE.fullmatch(value) is not None


_STORE = re.compile(
    r"(?i)(?:k8s|kms|(?:aws|gcp|gcpc|az|azure|hc)?-?kms|vault|secrets?):/?/?[\w./:@#-]+|\{(?:vault|ssm|secret|env|file)\}\S+"
    r"|arn:aws[\w-]*:kms:\S+|projects/[\w-]+/locations/\S+"
    r"|https://[\w.-]+\.vault\.azure\.net/\S*|https://[\w.-]+(?::\d{1,5})?/v1/(?:[\w-]{1,60}/){0,9}data/\S*"
    r"|https://(?:secretmanager|cloudkms)\.googleapis\.com/\S*"
)


def _stands_for_another(name: str, text: str) -> bool:
    if _same(name, text):
        return True
    if TEMPLATE_NAMES.search(name):
        # What is in brackets there is the template's own.
        text = re.sub(r"\{\{[^{}]*\}\}|[\[{<][^\[\]{}<>]*[\]}>]|x{2,}", "", text)
    # "add-in" in a path is a folder; what a person is told to do there is told as "your-…" or "changeme".
    words = _PATH.sub(_without_folders, text)
    if _name_of_secret(name) and not (_SWITCH.search(name) and _ON_OR_OFF.fullmatch(text)):
        # A hint for users may say "enter your password"; a secret may not.
        words = words.replace(" ", "_")
        if _says_nothing(words, is_surely_secret=_SURE_NAME.search(name) is not None):
            return True
    if _has_thought_up_password(text) or _is_thought_up_login(name, text) or _is_noun(name, text):
        return True
    return bool(
        _ANYWHERE.search(words) or _ANYWHERE.search(_CAMEL.sub("_", words)) or _ABROAD.search(_PATH.sub("", words))
    ) or _has_angles(text)


_SWITCH = re.compile(
    r"(?i)(?:^|_)(?:require|allow|enable|disable|use|is|has|no|skip|need|force|show|hide|with|without)s?_"
)
"""What is in the names of variables that switch something on or off."""
_ON_OR_OFF = re.compile(r"(?i)true|false|yes|no|on|off|[01]")


def _says_nothing(text: str, *, is_surely_secret: bool) -> bool:
    """Whether what should be a secret is a word for one, or what everybody would guess."""
    if not text:
        return False
    if _IN_SECRETS.fullmatch(text) or _ALONE_ABROAD.fullmatch(text):
        return True
    if not is_surely_secret:
        # A bare KEY may be the name of a field, such as "id" or "user".
        return re.search(_HELD, text, re.VERBOSE | re.IGNORECASE) is not None and not _GENERIC.sub("", text)
    if len(text) >= _FEWEST_IN_ROW and (len(set(text)) == 1 or text in _DIGITS or text in _DIGITS[::-1]):
        return True
    if len(text) > _FEWEST_IN_ROW and estimated_bits(text.removeprefix("base64:")) < _ROW_BITS:
        return True
    bare = re.sub(r"[\d\W_]+$", "", text)
    for each in {text, bare, bare.translate(_LEET)}:
        letters = re.sub(r"[\W_]", "", each).casefold()
        if letters in _THOUGHT_UP or re.sub(r"(.)\1+", r"\1", letters) in _THOUGHT_UP:
            return True
        if not letters.isdigit() and letters and _is_of_words(each):
            return True
    return False


def _is_of_words(text: str) -> bool:
    """Whether a text is a row of words that say what a secret is for, each looked for once at each place."""
    text = text[:_LONGEST_PHRASE]
    ends = {0}
    for start in range(len(text)):
        if start in ends:
            ends |= {
                end
                for end in range(start + 1, min(start + _LONGEST_WORD, len(text)) + 1)
                if _GENERIC_TOO.fullmatch(text, start, end)
            }
    return len(text) in ends


_LONGEST_WORD = 16
_FEWEST_IN_ROW = 4
_DIGITS = "01234567890"
_ROW_BITS = 13
"""Hardly more than two characters of chance hold: a row of the keyboard, one sign many times, the digest of a word."""


def _has_thought_up_password(text: str) -> bool:
    """Whether an address holds a password that says nothing, or that is the name of its user."""
    for found in _WITH_PASSWORD.finditer(text):
        password = found["password"] or found["given"]
        is_nothing = password == found["user"] or _says_nothing(password, is_surely_secret=True)
        if is_nothing and not unfilled("", password):
            return True
    return False


def _is_thought_up_login(name: str, text: str) -> bool:
    """Whether a variable for a user and a password holds what everybody would guess ("admin:admin")."""
    found = _LOGIN.fullmatch(text) if _NAME_OF_LOGIN.search(name) else None
    if found is None:
        return False
    return found["password"] == found["user"] or _says_nothing(found["password"], is_surely_secret=True)


_NAME_OF_LOGIN = re.compile(r"(?i)(?:^|_)(?:(?:basic|http)_?auth|auth(?:orization)?|credentials?|user_?pass|login)$")
_LOGIN = re.compile(r"(?i:basic\s+)?(?P<user>[\w.@-]{1,64})[:/](?P<password>[^\s:/]{1,64})")


def _is_noun(name: str, text: str) -> bool:
    """Whether a variable holds the word for what should be in it ("DB_HOST=hostname")."""
    return any(of.search(name) and noun.fullmatch(text) for of, noun in _NOUNS)


_NOUNS = tuple(
    (re.compile(rf"(?i)(?:^|_)(?:{of})$"), re.compile(rf"(?i){noun}"))
    for of, noun in (
        ("user|username|login", r"(?:my[-_]?)?(?:db[-_]?)?user[-_]?name|db[-_]?user|my[-_]?user"),
        ("host|hostname|server|addr(?:ess)?", r"(?:my[-_]?|db[-_]?)?host[-_]?(?:name)?|my[-_]?server"),
        ("db|database|dbname|db_name|database_name", r"(?:my[-_]?)?(?:db|database)[-_]?name"),
        ("bucket|bucket_name", r"my[-_]?bucket(?:[-_]?name)?|bucket[-_]?name"),
        ("project|project_id", r"(?:my[-_]?)(?:\w{2,6}[-_])?project(?:[-_]?id)?|project[-_]?id(?:-\d+)?"),
        ("client_id|app_id|tenant_id|account_id", r"(?:my[-_]?)?(?:client|app|tenant|account)[-_]?id"),
    )
)
"""Ends of names, and the words for what is so called."""


def _without_folders(path: re.Match[str]) -> str:
    return re.sub(r"[^/\\]+", lambda each: "" if _FOLDER.fullmatch(each[0]) else each[0], path[0])


def _has_angles(text: str) -> bool:
    if is_by_chance(_ANGLES, text):
        return False
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
    # What the secret is for: NEXTCLOUD_DB_PASSWORD=nextcloud.
    of_name = (each.casefold() for each in re.split(r"[\W_]+", name))
    alike = (
        plain == own
        or (plain in _SECRET_WORDS and own.endswith(plain))
        or (plain.rstrip(digits) in of_name and _SURE_NAME.search(name) is not None)
    )
    return text == name or (alike and _name_of_secret(name))


def _name_of_secret(name: str) -> bool:
    plain = re.sub(r"[\W_]", "", name.rstrip(digits)).casefold()
    return plain.endswith(_SECRET_WORDS) or _SURE_NAME.search(name) is not None


_SURE_NAME = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret|token|salt|pepper|(?:^|_)(?:pass|pwd|psk|pw)"
    r"|(?:api|secret|private|signing|encryption|app|master|access|auth|jwt|session|cookie|hmac|account)_?key(?:_?base)?)_?\d*$"
)
"""How variables are called that hold a secret for sure; a KEY alone may be the name of a field."""


def _texts(name: str, value: str) -> Iterator[tuple[str, str]]:
    """The value under its name, or the texts in it, under their own names, where it is a list or mapping of JSON."""
    if value[:1] in ("[", "{"):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            pass
        else:
            keeps_name = isinstance(found, list) or TEMPLATE_NAMES.search(name) is not None
            yield from _leaves(name if keeps_name else "", found)
            return
    yield name, value


def _leaves(name: str, found: object) -> Iterator[tuple[str, str]]:
    waiting = [(name, found)]
    while waiting:
        name, each = waiting.pop()
        if isinstance(each, str):
            yield name, each
        elif isinstance(each, list):
            waiting += ((name, item) for item in each)
        elif isinstance(each, dict):
            # Only a secret may not be called as it is: {"email": "email"} maps names.
            other = name if TEMPLATE_NAMES.search(name) else ""
            waiting += ((key if _name_of_secret(key) else other, item) for key, item in each.items())
