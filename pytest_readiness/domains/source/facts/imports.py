"""What the Python code of a repository imports from elsewhere."""

from __future__ import annotations

import ast
import posixpath
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.manifests import texts_of
from pytest_readiness.domains.source.packages import MANIFESTS, python_name
from pytest_readiness.domains.source.resource import Repository

DEVELOPMENT = (
    "tests/",
    "test/",
    "test_*.py",
    "*_test.py",
    "conftest.py",
    "docs/",
    "noxfile.py",
    "tasks.py",
    "setup.py",
)
CODE = (
    ".js",
    ".jsx",
    ".ts",
    ".tsx",
    ".mjs",
    ".cjs",
    ".vue",
    ".rb",
    ".go",
    ".rs",
    ".php",
    ".java",
    ".kt",
    ".cs",
    ".ipynb",
)
# Those that later versions of Python have no longer.
_STANDARD = sys.stdlib_module_names | {"distutils", "imp", "asyncore", "asynchat", "smtpd", "cgi", "telnetlib", "crypt"}
_BUILD = {"setuptools", "pkg_resources"}
_NAMESPACES = ("google", "azure", "zope", "ruamel", "sphinxcontrib", "jaraco", "backports", "opentelemetry", "airflow")
_NAMES = {
    "yaml": "pyyaml", "PIL": "pillow", "cv2": "opencv-python opencv-python-headless", "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "dotenv": "python-dotenv", "jwt": "pyjwt",
    "Crypto": "pycryptodome", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient", "serial": "pyserial",
    "OpenSSL": "pyopenssl", "rest_framework": "djangorestframework", "corsheaders": "django-cors-headers",
    "environ": "django-environ", "debug_toolbar": "django-debug-toolbar", "git": "gitpython", "github": "pygithub",
    "magic": "python-magic", "ldap": "python-ldap", "nacl": "pynacl", "usb": "pyusb", "zmq": "pyzmq", "attr": "attrs",
    "dns": "dnspython", "docx": "python-docx", "pptx": "python-pptx", "fitz": "pymupdf", "jose": "python-jose",
    "multipart": "python-multipart", "slugify": "python-slugify", "telegram": "python-telegram-bot", "gi": "pygobject",
    "markdown_it": "markdown-it-py", "pkg_resources": "setuptools", "mpl_toolkits": "matplotlib", "wx": "wxpython",
    "win32api": "pywin32", "flask_sqlalchemy": "flask-sqlalchemy", "grpc": "grpcio", "sentry_sdk": "sentry-sdk",
    "decouple": "python-decouple", "storages": "django-storages", "testinfra": "pytest-testinfra", "_pytest": "pytest",
    "xdist": "pytest-xdist", "faiss": "faiss-cpu", "skimage": "scikit-image", "socks": "pysocks", "memcache":
    "python-memcached", "pymysql": "pymysql", "Cryptodome": "pycryptodomex",
}  # fmt: skip
"""By module, packages that provide it under another name."""


@dataclass(frozen=True, slots=True)
class ForeignImport:
    """An import of what is neither Python's nor the repository's own.

    Attributes:
        module: its first name ("yaml").
        path: the file.
        line: the line.
    """

    module: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class PythonImports:
    """The imports of the Python code.

    Attributes:
        commit: the commit.
        files: how many files of Python there are.
        imports: the first of each module in each file.
        unread: files that cannot be read, and why.
        others: how many files of code in other languages there are.
    """

    commit: ReleaseCommit
    files: int
    imports: tuple[ForeignImport, ...]
    unread: tuple[str, ...]
    others: int


@fact(deadline=300, heavy=True)
def python_imports(repository: Repository, git_tree: GitTree) -> PythonImports:  # noqa: ARG001
    """The modules that Python code imports, without those of the standard library and of the repository itself."""
    files = [each for each in git_tree.files if each.path.endswith((".py", ".pyi")) and each.mode != "120000"]
    own = {each.path.removesuffix(".pyi").removesuffix(".py") for each in files}
    for path in list(own):
        while path := posixpath.dirname(path):
            own.add(path)
    tops = {
        posixpath.dirname(e.path) for e in git_tree.files if posixpath.basename(e.path) in {*MANIFESTS, "setup.py"}
    } | {""}
    roots = {posixpath.join(top, part) for top in tops for part in ("", "src", "lib", "python")}
    found: list[ForeignImport] = []
    unread: list[str] = []
    for each in texts_of(git_tree.commit, files):
        try:
            modules = dict(reversed(list(_imported(ast.parse(each.text).body)))) if not each.problem else {}
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unread.append(f"{each.path} is no Python that this version of it reads")
            continue
        unread += [f"{each.path} {each.problem}"] * bool(each.problem)
        for module, line in modules.items():
            build = each.path.endswith("setup.py") and module in _BUILD
            if module not in _STANDARD and not build and not _is_own(module, each.path, own, roots):
                found.append(ForeignImport(module, each.path, line))
    others = sum(each.path.endswith(CODE) for each in git_tree.files)
    return PythonImports(git_tree.commit, len(files), tuple(found), tuple(unread), others)


def _imported(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    """The first names of modules, with their lines; those that may be missing are left out."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node.lineno
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imported(node.orelse)
        else:
            tried = isinstance(node, ast.Try) and any(
                each.type is None
                or any(word in ast.dump(each.type) for word in ("ImportError", "ModuleNotFound", "'Exception'"))
                for each in node.handlers
            )
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, name, None)
                if isinstance(inner, list) and not (tried and name in ("body", "handlers")):
                    yield from _imported(inner)


def _is_own(module: str, path: str, own: set[str], roots: set[str]) -> bool:
    folder = posixpath.dirname(path)
    while True:
        if posixpath.join(folder, module) in own:
            return True
        if not folder:
            return any(posixpath.join(root, module) in own for root in roots)
        folder = posixpath.dirname(folder)


def provided(module: str, declared: set[str], modules: Mapping[str, str]) -> bool:
    """Whether one of the declared packages provides a module, as far as their names tell."""
    names = {python_name(module), *_NAMES.get(module, "").split()}
    names |= {python_name(modules[module])} if module in modules else set()
    return bool(names & declared) or (module in _NAMESPACES and any(each.startswith(f"{module}-") for each in declared))


def is_development(group: str, path: str) -> bool:
    """Whether a group of requirements, or a file of them, is by its name for developers only."""
    words = f"{group} {posixpath.basename(path)}".lower()
    return any(each in words for each in ("dev", "test", "lint", "docs", "typing", "ci"))
