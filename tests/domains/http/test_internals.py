from __future__ import annotations

import html
import json
import time
from typing import Any

import pytest

from pytest_readiness.domains.http.internals import internals_in
from tests.stack.patience import patient

NET = "   at Shop.Controllers.OrdersController.Get(Int32 id)"
PYTHON = 'Traceback (most recent call last):\n  File "/srv/shop/app.py", line 3, in show'


def in_json(**fields: Any) -> str:
    return json.dumps({"status": 500, **fields})


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (in_json(error="x\n\tat com.example.Shop.show(Shop.java:42)\n\tat x"), "a Java stack trace"),
        (in_json(trace="com.example.Gone: x\n\tat com.example.Shop.show(Unknown Source)"), "a Java stack trace"),
        (in_json(message=in_json(inner=PYTHON)), "a Python traceback"),
        (html.escape('File "/srv/shop/app.py", line 3, in show'), "a Python traceback"),
        ('<span>File</span> <b>"app.py"</b>, line <i>3</i>', "a Python traceback"),
        ('File "app.py", line 3', "a Python traceback"),
        (in_json(exception={"details": f"System.InvalidOperationException: x\r\n{NET}"}), "a .NET stack trace"),
        (in_json(title="Shop.Missing", detail=f"{NET} in C:\\src\\Shop.cs:line 12"), "a .NET stack trace"),
        (in_json(title="Shop.Missing", detail=NET), "a .NET stack trace"),
        (in_json(stack="Error: x\n    at handle (/srv/shop/layer.js:95:5)"), "a JavaScript stack trace"),
        (in_json(stack="OrderError: no such order"), "a stack trace in JSON"),
        (in_json(exception="Symfony\\Component\\HttpKernel\\NotFound"), "Symfony's debug page"),
        (in_json(exception="x", file="/var/www/shop/index.php", line=3), "a file of the server"),
        ("Error: ENOENT: no such file or directory, open '/app/dist/views/500.html'", "a file of the server"),
        ("[Errno 2] No such file or directory: '/home/shop/app/template.html'", "a file of the server"),
        ("Cannot find module '/app/dist/main'", "a file of the server"),
        ("Template /var/www/shop/templates/order.twig not found", "a file of the server"),
        ("Could not open /home/deploy/shop/config.yml", "a file of the server"),
        ("Could not find file 'C:\\inetpub\\wwwroot\\a.cshtml'", "a file of the server"),
        ("SQLSTATE[42S02]: Base table or view not found", "a database's error"),
        ('psycopg2.OperationalError: could not connect to host "db.internal"', "a database's error"),
        (in_json(message='ERROR: relation "orders" does not exist'), "a database's error"),
        (in_json(name="SequelizeConnectionRefusedError"), "a database's error"),
        ("connect ECONNREFUSED 10.0.0.5:5432", "the address of a server behind"),
        ("dial tcp 10.0.0.5:6379: i/o timeout", "the address of a server behind"),
        ("org.hibernate.exception.SQLGrammarException: could not prepare", "the class of an exception"),
        ("TypeError: Cannot read properties of undefined (reading 'id')", "an error of the program"),
        ("thread 'main' panicked at src/main.rs:3:4", "a Rust panic"),
        ("main.show()\n\t/build/main.go:42 +0x1d", "a Go stack trace"),
        ("<b>Warning</b>: Undefined key &quot;x&quot; in <b>/srv/a.php</b> on line <b>3</b>", "a PHP error"),
        ("ActiveRecord::RecordNotFound", "Rails' debug page"),
        ("   bei Shop.Cart.Get() in C:\\src\\Shop\\Cart.cs:Zeile 42.", "a .NET stack trace"),
        ("   в Shop.Cart.Get() в C:\\src\\Shop\\Cart.cs:строка 42", "a .NET stack trace"),
        ("Microsoft.Azure.Cosmos.CosmosException : Response status code", "a .NET stack trace"),
        ("Neo.ClientError.Statement.SyntaxError", "a database's error"),
        ("died at /srv/shop/lib/Shop.pm line 12.", "a Perl or Lua error"),
        ("app/cart.lua:12: attempt to index a nil value", "a Perl or Lua error"),
        ("#0      Cart.get (package:shop/cart.dart:12:5)", "a Dart or Swift stack trace"),
        ("Fatal error: Unexpectedly found nil: file Shop/Cart.swift, line 12", "a Dart or Swift stack trace"),
        ("clojure.lang.ExceptionInfo: x", "a Haskell or Clojure error"),
        ("{badmatch,{error,enoent}}", "an Erlang error"),
        ("Microsoft VBScript runtime error '800a000d'", "an error of classic ASP"),
        ("kotlin.UninitializedPropertyAccessException: x", "the class of an exception"),
        ("werkzeug.exceptions.NotFound", "the class of an exception"),
        ("/Users/deploy/shop/app.py:12", "a file of the server"),
        ("FEHLER: Relation »users« existiert nicht", "a database's error"),
        ('ОШИБКА: отношение "users" не существует', "a database's error"),
        ("ERREUR: la relation «\u00a0users\u00a0» n\u2019existe pas", "a database's error"),
        ('错误: 关系 "users" 不存在', "a database's error"),
        ("FATAL: sorry, too many clients already", "a database's error"),
        ("Code: 60. DB::Exception: Table default.users does not exist.", "a database's error"),
        (in_json(error={"type": "index_not_found_exception"}), "a database's error"),
        ("NOAUTH Authentication required.", "a database's error"),
        ("ACCESS_REFUSED - Login was refused", "a database's error"),
        ("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error", "a database's error"),
        ('Failed query: select "id" from "users"', "a database's error"),
        ("upstream 10.1.2.3:8080 failed (111: Connection refused)", "the address of a server behind"),
        ("lookup db.default.svc.cluster.local: no such host", "the address of a server behind"),
        ("upstream connect error or disconnect/reset before headers. reset reason", "Envoy's error page"),
        ("JBWEB000065: HTTP Status 500", "JBoss' error page"),
        ("SQL state: 42P01", "a database's error"),
        ("SQLCODE=-204, SQLSTATE=42704", "a database's error"),
        ("Invalid `prisma.user.findUnique()` invocation", "a database's error"),
        ('Cast to ObjectId failed for value "x" at path "_id"', "a database's error"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "a database's error"),
        ("Error 1146 (42S02): Table 'shop.users' doesn't exist", "a database's error"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:shop", "an account of a cloud"),
        ("WildFly 26", "a server's name and version"),
        ("Powered by Jetty:// 9.4.43", "a server's name and version"),
        ("<address>Apache/2.4.57 (Debian) Server at shop</address>", "a server's name and version"),
        ("Python/3.11 aiohttp/3.8.1", "a server's name and version"),
        ("Error: gone\n\nStack backtrace:\n   0: anyhow::error::new", "a Rust panic"),
        ("scala.MatchError: x (of class java.lang.String)", "the class of an exception"),
        ("json.JSONDecodeError: Expecting value", "the class of an exception"),
        ('Unable to find template "x.twig" (looked into: /data/shop/templates)', "a file of the server"),
        ("ASP.NET Version:4.7.3282.0", "ASP.NET's debug page"),
        ("Invalid object name 'dbo.Users'.", "a database's error"),
        ("Invalid column name 'secret'.", "a database's error"),
        ('{"error":{"root_cause":[{"type":"parsing_exception"}]}}', "a database's error"),
        ("index_not_found_exception: no such index [shop]", "a database's error"),
        ("lookup db.internal on 10.96.0.10:53: no such host", "the address of a server behind"),
        ("lookup db.internal: i/o timeout", "the address of a server behind"),
        ("Connection to db.internal:5432 refused. Check that", "the address of a server behind"),
        ("connect ETIMEDOUT 10.0.0.5:5432", "the address of a server behind"),
        ("read EHOSTUNREACH 10.0.0.5:6379", "the address of a server behind"),
        ("HTTPSConnectionPool(host='stock.internal', port=443)", "the address of a server behind"),
        ("cURL error 6: Could not resolve host: stock.internal", "the address of a server behind"),
        ("php_network_getaddresses: getaddrinfo failed", "the address of a server behind"),
        (
            "No connection could be made because the target machine actively refused it",
            "the address of a server behind",
        ),
    ],
)
def test_internals_are_recognised(body: str, what: str) -> None:
    assert what in internals_in(body)


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Not found</h1><p>Nothing at line 3 of our file.</p><script src='/app/main.js'></script>",
        in_json(type="https://tools.ietf.org/html/rfc9110#section-15.5.5", title="Not Found", traceId="00-4bf9-00"),
        in_json(error={"code": "NotFoundError", "message": "no such order"}),
        in_json(code="shop.NotFoundError", stack=None, trace="", traceId="a1"),
        "<script>var e=new this.errors.HttpError(1);throw new t.e.HttpError('x')</script>",
        '<script src="/wp-includes/js/jquery.min.js?ver=3.7"></script>',
        "<p>Fehler: Die Seite »Warenkorb« existiert nicht. Error 1146. See cart.cs or app.lua, at line 12.",
        "<p>Our relation to you exists; the article 关系 is gone. Call 10.30 to 18.00. Too many clients? No such host!",
        "<p>Warning: this page moved. We use PHP 8 and Python 3. Call (030) 123 (Berlin).</p>",
    ],
)
def test_what_visitors_may_read_is_not_taken_for_internals(body: str) -> None:
    assert internals_in(body) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "\n",
            "at ",
            "a",
            "x.",
            "Warning: ",
            "\\",
            "\\u0041",
            "<a",
            "&#39;",
            "ab.",
            '"stack":',
            "/var/www/",
            "** (A.",
        ),
        *("lookup a.", "connection to a", "(looked in: ", "Stack backtrace: ", '"root_cause": '),
        *("at a.b.c(", "\t", "w-", "Duplicate entry '", "column ", "psycopg2.", 'File "', 'near "', "System."),
    ],
)
def test_hostile_texts_are_looked_through_in_time(text: str) -> None:
    started = time.monotonic()
    internals_in(text * (100_000 // len(text)))
    assert time.monotonic() - started < patient(2)
