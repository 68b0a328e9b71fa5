"""One script for all questions to a host, and its output taken apart again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import HELLO, declared

QUESTION_SECONDS = 10
"""For one question, on the host; the host's `timeout` enforces it where there is one."""
ANSWER_BYTES = 262_144
ERROR_BYTES = 1000

# Each stream has an alphabet of its own: output 0-9a-f, errors g-v, the status =N;. However the writers' pieces
# mix, they can be told apart, and nothing that a host prints can pass for a separator.
_SCRIPT = f"""\
library=$1
limit=
! timeout -s KILL 1 true 2>/dev/null || limit="timeout -s KILL {QUESTION_SECONDS}"
hex() {{ od -An -v -tx1 -N "$1"; cat >/dev/null; }}
ask() {{
    function=$1
    shift
    {{ {{
        {{ $limit sh -c "$library
$function" sh "$@" </dev/null 2>&1 >&3 3>&- 4>&-; echo "=$?;" >&4; }} |
            hex {ERROR_BYTES} | tr 0-9a-f g-v >&4
    }} 3>&1 | hex {ANSWER_BYTES}; }} 4>&1
    echo @
}}
echo @readiness
"""
_FROM_ERRORS = str.maketrans("ghijklmnopqrstuv", "0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Printed:
    """What a question's function printed.

    Attributes:
        status: its exit status.
        output: its output, at most `ANSWER_BYTES` bytes; bytes that are not UTF-8 as backslash sequences.
        error: last line of its errors.
    """

    status: int
    output: str
    error: str


def command(questions: Iterable[str]) -> str:
    """The command line that asks them, after `HELLO`; only the functions of those that are asked are in it.

    Each question gets a shell of its own, with its own function only: what is wrong with that spoils no other.

    Raises:
        ValueError: one of the questions is not declared.
    """
    asked = [declared(each) for each in questions]
    functions = {HELLO: ""} | {question.word: question.function for question, _ in asked}
    # The script's first argument is the library.
    places = {word: f'"${{{place}}}"' for place, word in enumerate(functions, 2)}
    calls = [(HELLO, []), *((question.word, words) for question, words in asked)]
    lines = [f"ask {places[word]} {shlex.join(words)}" for word, words in calls]
    library = Path(__file__).with_name("host.sh").read_text("utf-8")
    called = [f'{function}read_{word} "$@"' for word, function in functions.items()]
    return shlex.join(["sh", "-c", _SCRIPT + "\n".join(lines), "readiness", library, *called])


def answers(output: bytes) -> list[Printed] | None:
    """What was printed for `HELLO` and for each question; fewer where the script was cut short, None before it."""
    _, started, framed = output.decode(errors="backslashreplace").partition("@readiness\n")
    return [_printed(text) for text in framed.split("@\n")[:-1]] if started else None


def _printed(text: str) -> Printed:
    """One answer, put together from its three alphabets."""
    status = re.search(r"=(\d+);", text)
    rest = text.replace(status[0], "") if status else text
    output = bytes.fromhex(re.sub("[^0-9a-f]", "", rest))
    errors = bytes.fromhex(re.sub("[^g-v]", "", rest).translate(_FROM_ERRORS))
    return Printed(
        status=int(status[1]) if status else 1,
        output=output.decode(errors="backslashreplace"),
        error=last_line(errors),
    )


def last_line(errors: bytes) -> str:
    """The last line that says something, for a sentence."""
    lines = [line.strip() for line in errors.decode(errors="backslashreplace").splitlines() if line.strip()]
    return lines[-1][:200].rstrip(".") if lines else ""
