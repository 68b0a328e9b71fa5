"""`readiness diff`: what differs between two recordings, two results, or two targets."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_readiness.cli.problems import CommandError

if TYPE_CHECKING:
    from pytest_readiness.record.comparison import Comparison, FactComparison, VerdictComparison
    from pytest_readiness.record.recording import Recording
    from pytest_readiness.verdict.result_file import ResultFile

FORMAT = "pytest-readiness-diff/1"
END_SECONDS = 10
"""How long a run that is stopped may take to end."""
LINES_OF_A_RUN = 15
"""Lines shown of the output of a run that reached no verdict."""
NARROWEST = 40


@dataclass(frozen=True)
class Side:
    """One of the two things compared.

    Attributes:
        name: as it was given.
        recording, result: what there is of it.
    """

    name: str
    recording: Recording | None = None
    result: ResultFile | None = None

    @property
    def words(self) -> str:
        """What it is, for people."""
        if self.recording is not None:
            return f"target {self.recording.provenance.target}, recorded {self.recording.moment}"
        assert self.result is not None
        provenance = self.result.provenance
        replayed = f", replayed from {provenance.replayed_from}" if provenance.replayed_from else ""
        return f"target {provenance.target}{_less_than_whole(self.result)}, judged {provenance.started}{replayed}"


def _less_than_whole(result: ResultFile) -> str:
    """What a result is that does not say all: what it leaves out differs from that of a whole run for that alone."""
    from pytest_readiness.verdict.judging import ENDED

    if result.shard is not None:
        return f", shard {result.shard}"
    if result.exit_code not in ENDED:
        return ", a run that did not end"
    verdict = result.verdict
    return ", a part of a run" if verdict.omitted or verdict.selected < verdict.total else ""


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="A recording, a result.json, or the name of a target.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same kind of thing, to compare with.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- PYTEST-ARGUMENT...]", help="For targets: paths and options of both runs."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show what changes each time: durations, times, ports, own addresses.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what differs, by fact and by verdict. Exit code 0: nothing, 1: something, 4: wrong input.

    For the names of two targets, both are run first, at the same time: pytest --readiness-target=A, and B.
    """
    from pytest_readiness.record.comparison import Comparison, compare_recordings, compare_results

    one, other = _sides(a, b, arguments or [])
    facts = verdict = None
    if one.recording is not None and other.recording is not None:
        facts = compare_recordings(one.recording, other.recording, everything=everything)
    if one.result is not None and other.result is not None:
        verdict = compare_results(one.result, other.result)
    comparison = Comparison(facts, verdict)
    if as_json:
        _print_json(one, other, comparison)
    else:
        for line in _lines(one, other, comparison):
            typer.echo(line)
    if comparison.differs:
        raise typer.Exit(1)


def _sides(a: str, b: str, arguments: list[str]) -> tuple[Side, Side]:
    names = a, b
    files = [name for name in names if _names_a_file(name)]
    if not files:
        return _run(names, arguments)
    if arguments:
        raise CommandError(f"Arguments for pytest are only for two targets; '{files[0]}' is a file.")
    if len(files) == 1:
        target = b if files[0] == a else a
        raise CommandError(f"'{files[0]}' is a file and '{target}' is not; compare two files or two targets.")
    one, other = (_side(name, Path(name)) for name in names)
    if (one.recording is None) != (other.recording is None):
        raise CommandError("One file is a recording and the other is a result; compare two of the same kind.")
    return one, other


def _names_a_file(name: str) -> bool:
    return os.sep in name or name.endswith(".json") or Path(name).is_file()


def _side(name: str, path: Path) -> Side:
    import json

    from pytest_readiness.core.yamlfile import read_text
    from pytest_readiness.record.recording import is_recording, parse_recording
    from pytest_readiness.verdict.result_file import read_result

    try:
        data = json.loads(read_text(path, "recording or result"))
    except (ValueError, RecursionError):
        data = None
    found = data.get("format") if isinstance(data, dict) else None
    if is_recording(found):
        return Side(name, recording=parse_recording(path))
    if not isinstance(found, str):
        raise CommandError(f"{path}: This is neither a recording nor a result of a readiness run.")
    return Side(name, result=read_result(path))


def _run(targets: Sequence[str], arguments: Sequence[str]) -> tuple[Side, Side]:
    """Run both targets at the same time and read what they wrote.

    Raises:
        CommandError: a run reached no verdict.
    """
    from pytest_readiness.record.recording import parse_recording
    from pytest_readiness.verdict.result_file import FILE_NAME, read_result

    with tempfile.TemporaryDirectory(prefix="readiness-diff-") as directory:
        folders = [Path(directory, side) for side in "ab"]
        _wait([_start(target, folder, arguments) for target, folder in zip(targets, folders, strict=True)], targets)
        one, other = (
            Side(target, parse_recording(folder / "recording.json"), read_result(folder / FILE_NAME))
            for target, folder in zip(targets, folders, strict=True)
        )
    return one, other


def _start(target: str, folder: Path, arguments: Sequence[str]) -> tuple[subprocess.Popen[bytes], Path]:
    folder.mkdir()
    said = folder / "said"
    options = [
        f"--readiness-target={target}",
        f"--readiness-record={folder / 'recording.json'}",
        f"--readiness-out={folder}",
        # Both would write the same folder, and what failed last would be that of either.
        *("-p", "no:cacheprovider"),
    ]
    with said.open("wb") as file:
        line = [sys.executable, "-m", "pytest", *options, *arguments]
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT), said


def _wait(runs: Sequence[tuple[subprocess.Popen[bytes], Path]], targets: Sequence[str]) -> None:
    from pytest_readiness.verdict.judging import ENDED

    try:
        for process, _ in runs:
            process.wait()
    finally:
        for process, _ in runs:
            _end(process)
    for (process, said), target in zip(runs, targets, strict=True):
        if process.returncode not in ENDED:
            lines = said.read_text("utf-8", "replace").rstrip().splitlines()[-LINES_OF_A_RUN:]
            message = f"The run against target '{target}' reached no verdict: pytest ended with {process.returncode}."
            raise CommandError("\n".join([message, *lines]))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a run that is still going, as Ctrl-C does."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _print_json(a: Side, b: Side, comparison: Comparison) -> None:
    import json

    from pytest_readiness.core.redact import Redactor

    data: dict[str, Any] = {
        "format": FORMAT,
        "a": {"name": a.name, "is": a.words},
        "b": {"name": b.name, "is": b.words},
        "differs": comparison.differs,
    }
    if comparison.facts is not None:
        data["facts"] = [asdict(each) for each in comparison.facts if each.differs or each.not_compared]
    if comparison.verdict is not None:
        data["verdict"] = asdict(comparison.verdict)
    typer.echo(json.dumps(Redactor().deep(data), indent=1, ensure_ascii=False))


def _lines(a: Side, b: Side, comparison: Comparison) -> Iterator[str]:
    text = _Text()
    yield text.line("", f"A  {a.name}: {a.words}")
    yield text.line("", f"B  {b.name}: {b.words}")
    if comparison.verdict is not None:
        yield from _verdict_lines(comparison.verdict, text)
    if comparison.facts is not None:
        yield from _fact_lines(comparison.facts, text)


class _Text:
    """Makes lines that fit the terminal, of texts that come from anywhere."""

    def __init__(self) -> None:
        from pytest_readiness.core.redact import Redactor

        self.redact = Redactor()
        self.width = max(shutil.get_terminal_size().columns, NARROWEST)

    def clean(self, value: object) -> str:
        from pytest_readiness.core.redact import printable

        return self.redact(printable(_shown(value)))

    def line(self, indent: str, value: object) -> str:
        text = indent + self.clean(value)
        return text if len(text) <= self.width else f"{text[: self.width - 2]} …"

    def pair(self, a: object, b: object) -> Iterator[str]:
        """Both values; of long ones the part where they begin to differ."""
        one, other = self.clean(a), self.clean(b)
        room = self.width - 7
        start = 0
        if max(len(one), len(other)) > room:
            pairs = enumerate(zip(one, other, strict=False))
            same = next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
            start = max(0, same - room // 3)
        for side, text in (("A", one), ("B", other)):
            yield self.line(f"    {side}  ", f"… {text[start:]}" if start else text)


def _shown(value: object) -> str:
    import json

    if isinstance(value, str):
        return value or '""'
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "(none)"
    return json.dumps(value, ensure_ascii=False)


def _verdict_lines(verdict: VerdictComparison, text: _Text) -> Iterator[str]:
    from pytest_readiness.verdict.judging import shown

    yield ""
    yield text.line("", f"Items: {len(verdict.items)} differ, {verdict.same} have the same state")
    for each in verdict.whole:
        if each.field == "go":
            words = ["GO" if value else "not GO" for value in (each.a, each.b)]
        else:
            words = [shown(value) for value in (each.a, each.b)]  # type: ignore[arg-type]
        yield text.line("  ", f"{'verdict' if each.field == 'go' else each.field}: A {words[0]}, B {words[1]}")
    for item in verdict.items:
        yield text.line("  ", f"{item.text} ({item.item})")
        yield from text.pair(
            *(
                f"{state}: {evidence}" if evidence else state or "no such item"
                for state, evidence in ((item.a, item.evidence_a), (item.b, item.evidence_b))
            )
        )


def _fact_lines(facts: Sequence[FactComparison], text: _Text) -> Iterator[str]:
    from pytest_readiness.core.resources import word

    def name(each: FactComparison) -> str:
        question = f" for {_shown(each.question)}" if each.question is not None else ""
        return f"{word(each.kind)} {each.resource}: {each.fact}{question}"

    differ = [each for each in facts if each.differences]
    alone = [each for each in facts if each.only]
    unknown = [each for each in facts if each.not_compared]
    yield ""
    same = len(facts) - len(differ) - len(alone) - len(unknown)
    counts = f"{len(differ)} differ, {same} are the same"
    counts += f", {len(alone)} are on one side only" if alone else ""
    yield text.line("", counts and f"Facts: {counts}" + (f", {len(unknown)} could not be compared" if unknown else ""))
    for each in differ:
        yield text.line("  ", name(each))
        for difference in each.differences:
            if difference.field:
                yield text.line("   ", difference.field)
            yield from text.pair(difference.a, difference.b)
    for each in alone:
        yield text.line("  ", f"{name(each)}: only in {each.only.upper()}")
    for each in unknown:
        yield text.line("  ", f"{name(each)}: not compared, {each.not_compared}")
