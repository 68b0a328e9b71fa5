"""What commands come to that run a script of the repository: of package.json, of a Makefile, or a shell script."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.ci.shell import ShellCommand, commands_of
from pytest_readiness.domains.ci.sources import Sources, joined

_DEEPEST = 4
_MOST = 500
_RUNNERS = ("npm", "yarn", "pnpm", "bun")
_OWN = ("install", "ci", "add", "i", "exec", "dlx", "audit", "publish", "pack", "set", "config", "cache", "x")
_ELSEWHERE = frozenset({"-ws", "--workspaces", "-w", "--workspace", "-r", "--recursive", "--filter"})
"""Options by which a script of another folder is meant."""
_FOLDER = ("--prefix", "--cwd", "-C", "--dir", "--directory")
_SHELLS = ("sh", "bash", "dash", "zsh", "source", ".")
_TARGET = re.compile(r"^([\w./-]+(?:[ \t]+[\w./-]+)*)[ \t]*::?(?!=)([^\n]*)", re.MULTILINE)


def resolved(sources: Sources, commands: tuple[ShellCommand, ...], folder: str) -> tuple[ShellCommand, ...]:
    """Commands, each followed by those that it comes to; `folder` is where they run."""
    made: list[ShellCommand] = []
    for command in _resolved(sources, commands, folder, 0):
        made.append(command)
        if len(made) == _MOST:
            break
    return tuple(made)


def _resolved(sources: Sources, commands: tuple[ShellCommand, ...], folder: str, depth: int) -> Iterator[ShellCommand]:
    for command in commands:
        yield command
        words = list(command.words)
        while words and re.fullmatch(r"\w+=.*|sudo|exec|env|time|command|xvfb-run|-a", words[0], re.DOTALL):
            words.pop(0)
        if words[:1] == ["cd"] and len(words) == 2:
            folder = joined(folder, words[1])
        elif depth < _DEEPEST and len(words) > 0:
            script, where, errexit = _script_of(sources, words, folder)
            inner = commands_of(script, errexit=errexit, pipefail=False) if script else ()
            for each in _resolved(sources, inner, where, depth + 1):
                yield each.behind(command)


def _script_of(sources: Sources, words: list[str], folder: str) -> tuple[str, str, bool]:
    """The script that a command runs, where, and whether with `-e`; "" where it runs none of the repository's."""
    name, *rest = words
    for at, word in enumerate(rest[:-1]):
        if word in _FOLDER and name in (*_RUNNERS, "make"):
            folder, rest = joined(folder, rest[at + 1]), rest[:at] + rest[at + 2 :]
            break
    if name in _RUNNERS:
        plain = [word for word in rest if not word.startswith("-")]
        task = plain[1] if plain[:1] in (["run"], ["run-script"]) and plain[1:] else plain[0] if plain else ""
        task = "test" if task in ("t", "tst") else task
        read = sources.json(joined(folder, "package.json"))
        scripts = read.get("scripts") or {}
        elsewhere = {word.partition("=")[0] for word in rest} & _ELSEWHERE
        if not read or not isinstance(scripts, dict) or elsewhere or (task in _OWN and plain[0] == task):
            return "", folder, False
        if task not in scripts and "--if-present" in rest:
            return ":", folder, False
        # npm runs those around a script with it; where it has no such script, what the command does is not known.
        around = [scripts.get(name) for name in (f"pre{task}", task, f"post{task}") if task in scripts]
        told = [each for each in around if isinstance(each, str)]
        return told[0] if len(told) == 1 else " && ".join(f"({each})" for each in told), folder, False
    if name == "make":
        return _recipe(sources, [word for word in rest if not word.startswith("-") and "=" not in word], folder)
    path = rest[0] if name in _SHELLS and rest else name
    path = joined(folder, path)
    if (path != name or "/" in name) and path in sources:
        try:
            text = sources.text(path)
        except CouldNotVerify:
            return "", folder, False
        first = text.partition("\n")[0]
        if not first.startswith("#!") or "sh" in first:
            return text, folder, " -e" in first and name not in _SHELLS
    return "", folder, False


def _recipe(sources: Sources, targets: list[str], folder: str) -> tuple[str, str, bool]:
    """What make does for targets and what they need: each line's failure ends it, unless the line begins with "-"."""
    path = next((each for each in ("Makefile", "makefile", "GNUmakefile") if joined(folder, each) in sources), "")
    if not path:
        return "", folder, True
    try:
        text = sources.text(joined(folder, path)).replace("\\\n", " ")
    except CouldNotVerify:
        return "", folder, True
    rules: dict[str, tuple[list[str], list[str]]] = {}
    for found in _TARGET.finditer(text):
        recipe = []
        for line in text[found.end() + 1 :].splitlines():
            if not line.startswith("\t"):
                break
            recipe.append(line.strip())
        needs, _, inline = found[2].partition("#")[0].partition(";")
        for target in found[1].split():
            before, known = rules.get(target, ([], []))
            rules[target] = before + needs.split(), known + [inline] * bool(inline) + recipe
    usual = next((target for target in rules if not target.startswith(".")), "")
    lines: list[str] = []
    waiting, done = targets or [usual], set[str]()
    while waiting:
        target = waiting.pop(0)
        if target in rules and target not in done:
            done.add(target)
            needs, recipe = rules[target]
            waiting += needs
            lines += recipe
    # A line of a recipe has a shell of its own.
    return "\n".join(_alone(line) for line in lines), folder, True


def _alone(line: str) -> str:
    ignored = "-" in line[: len(line) - len(line.lstrip("@-+"))]
    return f"({line.lstrip('@-+ ')})" + " || true" * ignored
