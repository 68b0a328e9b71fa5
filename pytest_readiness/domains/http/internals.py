"""What an answer gives away about its inner workings: stack traces, debug pages, a database's words, versions.

One table for every check that looks for them, over the text as it came and as it reads without its escapes: a stack
trace in JSON has `\\n` for its lines, and one in a page has `&quot;` and elements between its words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

from pytest_readiness.protocols.http.answer import Response

TRACES = {
    "a Python traceback": r"Traceback \(most recent call last\)|\bFile \"[^\"\n]{1,300}\", line \d",
    "a Java stack trace": r"\bat [\w$.]{3,200}\((?:[\w$]{1,100}\.(?:java|kt|scala|groovy|clj):\d+|Native Method"
    r"|Unknown Source)\)|\bjava\.lang\.\w+(?:Exception|Error)\b",
    "a JavaScript stack trace": r"\bat .{1,200}\.(?:[mc]?js|tsx?):\d+:\d+|\bnode:internal/",
    "a .NET stack trace": r"\bat [\w.`<>]{3,300}\(.{0,300}?\) in .{1,300}?:line \d"
    r"|(?m:(?:^|[\"'])[ \t]*at (?:[\w`+]{1,100}\.){2,12}[\w`<>|\[\]]{1,100}\([^()\n]{0,300}\)[ \t\r]*(?:$|[\"']))"
    # "line" is translated in traces.
    r"|\.(?:cs|vb|fs|cshtml|razor):\w{1,12} ?\d"
    r"|\bSystem\.\w+Exception\b|\b(?:[A-Z]\w{1,50}\.){2,8}[A-Z]\w{0,80}Exception ?(?::|\(0x)",
    "a Go stack trace": r"goroutine \d+ \[|\bpanic: runtime error|\.go:\d+\b",
    "a Ruby stack trace": r"\.rb:\d+:in [`'\"]",
    "a Rust panic": r"\bpanicked at |\.rs:\d+:\d+\b|(?i:\bstack backtrace:\s{0,9}\d{1,3}: )",
    "a Perl or Lua error": r"\bat [\w./-]{1,200}\.p[lm] line \d|\.lua:\d{1,6}: ",
    "a Dart or Swift stack trace": r"#\d{1,3} {1,10}[\w.<>]{1,100} \((?:package|dart|file):"
    r"|\.swift(?::\d|, line \d)",
    "a Haskell or Clojure error": r"CallStack \(from HasCallStack\)|\bclojure\.lang\.\w+",
    "an Erlang error": r"\{(?:badmatch|badarg|case_clause|function_clause|try_clause|noproc),",
    "an error of classic ASP": r"Microsoft (?:VBScript|JScript|OLE DB|JET|ODBC)[^\n<]{0,60} error",
    "an Elixir stack trace": r"\*\* \((?:[A-Z]\w{0,50}\.){0,5}[A-Z]\w{0,50}Error\)|\.exs?:\d+: ",
    "a PHP error": r"(?:Fatal error|Parse error|Warning|Notice|Deprecated)(?:</b>)?: .{0,300} on line (?:<b>)?\d"
    r"|Stack trace:\s{0,20}#0|\.php\(\d+\): |\.php:\d+\b|\bPDOException\b",
    "a stack trace in JSON": r"\"(?:stack|stack_?trace|traceback|backtrace)\"\s{0,9}:\s{0,9}"
    r"(?:\"[^\"\s]|\[\s{0,9}[\"{])|\"trace\"\s{0,9}:\s{0,9}\[\s{0,9}\{\s{0,9}\"file\"",
    "the class of an exception": r"\b(?:[a-z_]\w{1,50}\.){2,8}[A-Z]\w{0,80}(?:Exception|Error)(?=:\s|[\"'<\s]|\Z)"
    r"|\b[a-z_]\w{1,50}\.[A-Z]\w{0,80}(?:Exception|Error): |\b[a-z_]\w{1,50}\.exceptions\.[A-Z]\w",
    "an error of the program": r"'NoneType' object has no|Cannot read propert(?:y|ies) of (?:undefined|null)"
    r"|\bundefined method [`']|Object reference not set to an instance|nil pointer dereference",
    "a file of the server": r"(?:/var/www|/usr/src|/usr/(?:local/)?lib|/(?:home|Users)/[\w.-]{1,50}|/srv|/opt|/app)"
    r"/[\w./@-]{1,200}\.(?:php|py|rb|pl|go|cs|jsp|[mc]?js|tsx?)(?::\d|\(\d|[\"']?,? (?:on )?line \d)"
    # A path alone may be one of the site; a system's words about a file are about the server's.
    r"|(?i:\bENOENT\b|\b(?:no such file or directory|failed to open stream|cannot find module|FileNotFoundException"
    r"|Errno 2\b)).{0,200}?(?<![\w.:/-])/(?:home|root|app|srv|opt|usr|var|etc|data|tmp|workspace|code)/[\w.@-]{1,100}"
    r"|(?<![\w.:/-])/(?:home|root|app|srv|opt|usr|var|etc|data|tmp|workspace|code)/[\w./@-]{1,200}.{0,60}?"
    r"(?i:\bENOENT\b|\bno such file or directory|\bfailed to open stream)"
    r"|(?i:\b(?:not found|cannot (?:find|open|read)|could not (?:find|open|read)|does not exist)\b).{0,60}?"
    r"(?<![\w.:/-])/(?:home/[\w.-]{1,50}|var/www|usr/src|root)/[\w.@-]{1,100}"
    r"|(?<![\w.:/-])/(?:home/[\w.-]{1,50}|var/www|usr/src|root)/[\w./@-]{1,200}.{0,60}?"
    r"(?i:\b(?:not found|does not exist|is not readable|permission denied)\b)"
    r"|\"file(?:name)?\"\s{0,9}:\s{0,9}\"[^\"\n]{1,300}\.(?:php|py|rb|java|cs|go|[mc]?js|tsx?)\""
    r"|\(looked (?:in|into): [^()\n]{0,60}/"
    r"|(?i:\b[a-z]:\\{1,2}(?:inetpub|users|xampp|wamp64|windows|program files)\\)",
}
"""What programs print where they fail."""

DEBUG_PAGES = {
    "Werkzeug's debugger": r"Werkzeug Debugger|werkzeug\.debug|__debugger__=yes",
    "Django's debug page": r"DEBUG = True|Using the URLconf defined in|Django tried these URL patterns",
    "Laravel's debug page": r"Whoops, looks like something|laravel/framework/src|Illuminate\\{1,2}\w+|LaravelIgnition",
    "Symfony's debug page": r"Symfony\\{1,2}Component\\|Symfony Exception|\bsf-reset\b",
    "Rails' debug page": r"Action(?:Controller|View|Dispatch)::\w+|ActiveRecord::\w+|Rails\.root:|web-console"
    r"|No route matches \[|Routes match in priority from top to bottom",
    "Sinatra's development page": r"Sinatra doesn(?:’|&rsquo;|')t know this ditty",
    "ASP.NET's debug page": r"Server Error in '[^'\n]{0,100}' Application|\bSystem\.Web\.\w+|\.NET Framework Version"
    r"|\bASP\.NET Version:"
    r"|Microsoft\.AspNetCore\.|DeveloperExceptionPage",
    "Phoenix's debug page": r"Phoenix\.Router\.NoRouteError|Plug\.Debugger",
}
"""What frameworks show where their debug mode is on."""

DATABASES = {
    "a database's error": r"SQL syntax|(?i:\bSQL ?state[\[ :(=]|\bSQLCODE ?[=:])"
    r"|\bORA-\d{5}|PSQLException|SqlException\b|SQLException\b"
    r"|\bMsg \d{1,6}, Level \d|syntax error at or near|unterminated quoted string|Unclosed quotation mark"
    r"|unrecognized token|\bno such (?:table|column): |near \"[^\"\n]{1,100}\": syntax error"
    # PostgreSQL speaks the server's language.
    r"|(?:[Rr]elation|Spalte|colonne|relação|relazione|отношение|столбец|relacja|відношення|关系|リレーション) ?"
    r"[«»\"„“]\s?[^«»\"“”\n]{1,100}?\s?[«»\"“”] ?(?:existiert nicht|n['’]existe pas|non esiste|não existe"
    r"|не существует|nie istnieje|не існує|不存在|は存在しません)|no existe la (?:relación|columna) «"
    r"|릴레이션\(relation\)이 없|sorry, too many clients already|remaining connection slots are reserved"
    r"|canceling statement due to|\bdeadlock detected\b|the database system is (?:starting|shutting|in recovery)"
    r"|MySQL server has gone away|Lost connection to MySQL|Lock wait timeout exceeded|Communications link failure"
    r"|Error establishing a database connection|could not (?:extract ResultSet|execute (?:statement|query|batch))"
    r"|\bDB::Exception\b|\"type\"\s{0,9}:\s{0,9}\"\w{1,60}_exception\"|Requested resource not found: Table"
    r"|\bNOAUTH Authentication|\bWRONGPASS |\bMISCONF Redis|\bOOM command not allowed|\bREADONLY You can't write"
    r"|\bACCESS_REFUSED - |\bNOT_FOUND - no (?:queue|exchange) |\bPRECONDITION_FAILED - |\bLdapErr: DSID-"
    r"|\bSAP DBTech\b|\bNeo\.(?:Client|Transient|Database)Error\.|\bSQL compilation error|\bDynamic SQL Error"
    r"|(?i:\bfailed query: (?:select|insert|update|delete) )"
    r"|relation \"[^\"\n]{1,100}\" does not exist|column \"?[^\"\n]{1,100}\"? does not exist"
    r"|violates \S{1,40} constraint"
    r"|\bInvalid (?:object|column) name '|\bindex_not_found_exception\b|\"root_cause\"\s{0,9}:\s{0,9}\[\s{0,9}\{"
    r"|Duplicate entry '[^'\n]{0,200}' for key|Unknown column '|\bE11000 duplicate key|\bER_[A-Z]{2,}_\w+: "
    r"|\b(?:sqlite3|psycopg\d?|pymysql|MySQLdb|asyncpg|cx_Oracle|oracledb|pyodbc|aiomysql)\.(?:\w{1,50}\.){0,4}\w*"
    r"(?:Error|Exception|Warning)|sqlalchemy\.exc\.|sqlalche\.me/|django\.db\.utils\.|\bpymongo\.errors\.|redis\.exceptions\."
    r"|MongoServerError|Mongo\w{0,20}Error:|Sequelize\w{1,30}Error|PrismaClient\w{1,30}Error|\bprisma\.\w{1,60}\.\w{1,40}"
    r"\(\)|\bCast to \w{1,40} failed for value|\bWRONGTYPE Operation|\bReplyError: |\bError \d{4} \(\w{5}\): "
    r"|QueryFailedError|Doctrine\\{1,2}DBAL|\bmysqli?_\w{3,40}\(|\bpg_(?:query|connect|exec)\(|\bNpgsql\.|com\.mysql\.|org\.postgresql\.",
    "an account of a cloud": r"\barn:aws[\w-]{0,10}:[\w-]{2,30}:[\w-]{0,20}:\d{12}:",
    "the address of a server behind": r"\bECONNREFUSED\b|\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN)\b|\bdial tcp "
    r"|\b\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b.{0,60}?(?i:connection refused|timed out)|: no such host\b"
    r"|could not translate host name|Is the server running on (?:that )?host|password authentication failed for user"
    r"|Access denied for user '|Max retries exceeded with url|HTTPS?ConnectionPool\(host=|connection to server at \""
    r"|\blookup [\w.-]{1,253}(?: on [\w.:\[\]]{2,60})?: (?:no such host|server misbehaving|i/o timeout)"
    r"|\b[Cc]onnect(?:ion)? to [\w.-]{1,253}:\d{1,5} (?:refused|failed|timed out)"
    r"|\bE(?:TIMEDOUT|HOSTUNREACH|CONNRESET) \d|\bcURL error \d{1,3}: |\bphp_network_getaddresses\b"
    r"|\bbecause the target machine actively refused it",
}
"""What databases and other servers behind the endpoint say, and what it says about them."""

_PRODUCTS = (
    r"nginx|Apache|Apache Tomcat|Tomcat|Jetty|openresty|gunicorn|Kestrel|IIS|Werkzeug|WildFly|JBoss(?:[ -]EAP|Web)?"
    r"|Undertow|lighttpd|Caddy|uvicorn|hypercorn|aiohttp|CPython|Python|PHP|OpenSSL|WebLogic(?: Server)?|GlassFish"
    r"|Payara|Phusion Passenger|Passenger|Puma|Thin|WEBrick|LiteSpeed|Cowboy|Varnish|squid|Jenkins|HAProxy|Traefik"
    r"|Microsoft-(?:IIS|HTTPAPI)|mod_\w{2,20}|Django|Flask|Laravel|Symfony|Rails|Drupal|WordPress|TYPO3"
)
ERROR_PAGES = {
    "Spring's error page": r"Whitelabel Error Page",
    "Express's error page": r"<pre>Cannot (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ",
    "Envoy's error page": r"upstream connect error or disconnect/reset before headers",
    "JBoss' error page": r"\bJBWEB\d{6}: ",
    "gunicorn's error page": r"<h1><p>Internal Server Error</p></h1>",
    "a server's name and version": rf"\b(?i:{_PRODUCTS})(?:/v?\d|(?:://)? v?\d+\.\d|(?<=WildFly) \d)",
}
"""The built-in error pages of servers and frameworks."""

INTERNALS: Mapping[str, str] = {**TRACES, **DEBUG_PAGES, **DATABASES, **ERROR_PAGES}
"""What should be in no answer, and the pattern that finds it."""

_ABOUT_SITE = ("content-security-policy", "content-security-policy-report-only", "link", "location", "set-cookie")
"""Headers that hold addresses of the site."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": ""}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|u\{0{0,4}([0-9a-fA-F]{1,4})\}|(.))")
_ELEMENT = re.compile(r"<(/?[A-Za-z!][^<>]{0,500})>")


def internals_in(text: str, table: Mapping[str, str] = INTERNALS) -> list[str]:
    """The names of what is in an answer's text, as it came or as it reads without escapes."""
    readings = readings_of(text)
    return [name for name, pattern in table.items() if any(re.search(pattern, reading) for reading in readings)]


def internals_of(answer: Response) -> list[str]:
    """The names of what is in an answer's body, and of what a program's error left in its headers."""
    # Versions in headers have a check of their own, http.banner.
    table = {**TRACES, **DEBUG_PAGES, **DATABASES}
    told = {name: internals_in(unquote(value), table) for name, value in answer.headers if name not in _ABOUT_SITE}
    return internals_in(answer.body) + [f"{each} in {name}" for name, found in told.items() for each in found]


def readings_of(text: str) -> tuple[str, ...]:
    """A text as it came; without the escapes of JSON (twice, for JSON within JSON); and without those of HTML."""
    once = unescaped(text)
    twice = unescaped(once)
    shown = html.unescape(_ELEMENT.sub(_line_or_nothing, text))
    inner = html.unescape(_ELEMENT.sub(_line_or_nothing, once))
    return tuple(dict.fromkeys((text, once, twice, shown, inner, unescaped(shown))))


def unescaped(text: str) -> str:
    """A text without the escapes of JSON and JavaScript, once."""

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        return chr(int(code, 16)) if code else _ESCAPES.get(found[4], found[4])

    return _ESCAPE.sub(character, text) if "\\" in text else text


def _line_or_nothing(element: re.Match[str]) -> str:
    name = re.match(r"/?\w+", element[1])
    return "\n" if name and name[0].lower().strip("/") in _BLOCKS else ""


_BLOCKS = ("br", "p", "div", "li", "ul", "ol", "tr", "td", "pre", "table", "h1", "h2", "h3", "title", "body", "head")
