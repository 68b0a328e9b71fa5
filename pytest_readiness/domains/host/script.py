"""One script for all questions to a host, and its output taken apart again."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import HELLO, declared

QUESTION_SECONDS = 10
"""For one question, on the host; the host's `timeout` enforces it where there is one."""
ANSWER_BYTES = 262_144
ERROR_BYTES = 1000
KILLED = 128 + signal.SIGKILL
"""Status of a question whose time was over."""
ENDED = -1
"""Status of a question that was killed before, or that ended, by a signal to all, what was to tell its status."""
FOREIGN = -2
"""Status where something else was printed among what it printed."""

# A question is alone in a group of processes, so that whatever it started ends with it: coreutils' timeout makes one,
# busybox's does not. Without any it stays in that of the login, which is ended with it.
# Each stream has an alphabet of its own: output 0-9a-f, errors g-v, status and seconds =N,N;. However the writers'
# pieces mix, they can be told apart, and nothing that a host prints can pass for a separator: that holds a mark of this
# login.
_SCRIPT = f"""\
mark=$1
library=$2
apart=
limit="timeout -s KILL"
$limit 1 true 2>/dev/null || limit=
[ -z "$limit" ] || timeout --foreground 1 true 2>/dev/null || ! setsid true 2>/dev/null || apart=setsid
up() {{ read -r now _ </proc/uptime || now=0; now=${{now%%.*}}; }}
hex() {{ od -An -v -tx1 -N "$1"; }}
run() {{
    code=$1
    shift
    up
    begun=$now
    $apart $limit ${{limit:+{QUESTION_SECONDS}}} sh -c "$code" sh "$@" </dev/null 2>&1 >&3 3>&- 4>&- &
    wait $!
    status=$?
    up
    echo "=$status,$((now - begun));" >&4
    kill -s KILL -- "-$!"
}}
ask() {{
    function=$1
    shift
    {{ {{ {{ run "$library
$function" "$@"; }} 2>/dev/null | {{ hex {ERROR_BYTES}; cat >/dev/null; }} | tr 0-9a-f g-v >&4; }} 3>&1 |
        hex {ANSWER_BYTES}; }} 4>&1
    echo "@$mark"
}}
echo "@$mark"
"""
_FROM_ERRORS = str.maketrans("ghijklmnopqrstuv", "0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Printed:
    """What a question's function printed.

    Attributes:
        status: its exit status, or `KILLED`, `ENDED` or `FOREIGN`.
        output: its output, at most `ANSWER_BYTES` bytes; bytes that are not UTF-8 as backslash sequences.
        error: last line of its errors.
    """

    status: int
    output: str
    error: str


def command(questions: Iterable[str], mark: str) -> str:
    """The command line that asks them, after `HELLO`; only the functions of those that are asked are in it.

    Each question gets a shell of its own, with its own function only: what is wrong with that spoils no other.

    Args:
        questions: as checks ask them.
        mark: plain letters and digits that the host cannot know before.

    Raises:
        ValueError: one of the questions is not declared.
    """
    asked = [declared(each) for each in questions]
    functions = {HELLO: ""} | {question.word: question.function for question, _ in asked}
    # Before them the script has the mark and the library.
    places = {word: f'"${{{place}}}"' for place, word in enumerate(functions, 3)}
    calls = [(HELLO, []), *((question.word, words) for question, words in asked)]
    lines = [f"ask {places[word]} {shlex.join(words)}" for word, words in calls]
    library = Path(__file__).with_name("host.sh").read_text("utf-8")
    called = [f'{function}read_{word} "$@"' for word, function in functions.items()]
    script = _SCRIPT + "\n".join(lines)
    return shlex.join(["sh", "-c", script, "readiness", mark, library, *called])


def answers(output: bytes, mark: str) -> list[Printed] | None:
    """What was printed for `HELLO` and for each question; fewer where the script was cut short, None before it.

    Args:
        output: of the command line.
        mark: that the command line was made with.
    """
    _, *framed = output.decode(errors="backslashreplace").split(f"@{mark}\n")
    return [_printed(text) for text in framed[:-1]] if framed else None


def _printed(text: str) -> Printed:
    """One answer, put together from its three alphabets."""
    statuses = re.findall(r"=(\d+),(\d+);", text)
    rest = re.sub(r"=\d+,\d+;", "", text)
    try:
        output = bytes.fromhex(re.sub("[^0-9a-f]", "", rest))
        errors = bytes.fromhex(re.sub("[^g-v]", "", rest).translate(_FROM_ERRORS))
        if len(statuses) > 1 or re.search(r"[^0-9a-v\s]", rest):
            raise ValueError
    except ValueError:
        return Printed(FOREIGN, "", "the login, or something that it started, printed between the answers")
    status, seconds = map(int, statuses[0]) if statuses else (ENDED, 0)
    if status == KILLED and seconds < QUESTION_SECONDS - 1:
        # Seconds are whole ones, and this was not the limit.
        status = ENDED
    return Printed(
        status=status,
        output=output.decode(errors="backslashreplace"),
        error=last_line(errors),
    )


def last_line(errors: bytes) -> str:
    """The last line that says something, for a sentence."""
    return "".join(last_lines(errors, 1))


def last_lines(errors: bytes, most: int = 3) -> list[str]:
    """The last lines that say something, each once, for a sentence."""
    lines = [line.strip() for line in errors.decode(errors="backslashreplace").splitlines() if line.strip()]
    return [line[:200].rstrip(".") for line in list(dict.fromkeys(lines))[-most:]]
