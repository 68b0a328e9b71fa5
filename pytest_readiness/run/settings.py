"""What the command line asks of a run, as one plain value: all that loading and ending need to know of pytest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKLIST_SUFFIXES = (".md", ".markdown")
_RUNS_NOTHING = (
    "collectonly",
    *("showfixtures", "show_fixtures_per_test", "markers", "cacheshow", "help"),
)
"""Options by which pytest runs no test: it collects or sets up, or only prints something."""
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a run; paths are absolute, except where they are to be shown as they were given.

    Attributes:
        target: name of the target.
        root: pytest's root directory.
        folder: where the run was started.
        conftests: every conftest.py that pytest has read.
        documents: checklists among the paths of the command line; None where no path was given.
        config: configuration file, where one is named.
        allow: classes of checks that may run beside those that the target allows.
        release: the release that the run decides about, or "".
        fenced: whether checklists inside code fences are read.
        baseline, replay, record, history, report, out, audit: as given, where they are.
        shard: number and count.
        arguments: of the command line.
        is_worker: whether this process is one of xdist's workers.
        collect_only: whether no test is to run, so that there is nothing to write.
    """

    target: str
    root: Path
    folder: Path
    conftests: tuple[Path, ...]
    documents: tuple[Path, ...] | None
    config: Path | None
    allow: tuple[str, ...]
    release: str
    fenced: bool
    baseline: Path | None
    replay: Path | None
    record: Path | None
    history: Path | None
    report: Path | None
    out: Path | None
    audit: Path | None
    shard: tuple[int, int] | None
    arguments: tuple[str, ...]
    is_worker: bool
    collect_only: bool

    @property
    def controls(self) -> bool:
        """Whether this process controls a run in which tests run: it reads ahead, and writes what comes of it."""
        return not self.is_worker and not self.collect_only

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        """Return the settings of a run.

        Raises:
            pytest.UsageError: options exclude each other, or `--readiness-shard` is malformed.
        """
        option = config.getoption
        if option("readiness_replay") is not None:
            if option("readiness_record") is not None:
                raise pytest.UsageError(
                    "--readiness-record and --readiness-replay exclude each other: a replay reads nothing."
                )
            if option("readiness_history") is not None:
                raise pytest.UsageError("--readiness-history keeps what was seen; a replay sees nothing.")
        for name, dest in ("--setup-plan", "setupplan"), ("--setup-only", "setuponly"):
            if config.getoption(dest, None):
                raise pytest.UsageError(
                    f"{name} runs no test, so nothing would be looked at, and its exit code 0 would read as GO. "
                    "Leave it out, or --readiness-target."
                )
        shard = parse_shard(text) if (text := option("readiness_shard")) is not None else None
        if shard is not None and option("readiness_history") is not None:
            raise pytest.UsageError("A shard is not a run of its own; give --history to `readiness merge` instead.")
        return cls(
            target=option("readiness_target"),
            root=config.rootpath,
            folder=config.invocation_params.dir,
            conftests=_conftests(config),
            documents=_documents(config),
            config=option("readiness_config"),
            allow=tuple(option("readiness_allow")),
            release=option("readiness_release") or "",
            fenced=option("readiness_fenced"),
            baseline=option("readiness_baseline"),
            replay=option("readiness_replay"),
            record=option("readiness_record"),
            history=option("readiness_history"),
            report=option("readiness_report"),
            out=option("readiness_out"),
            audit=option("readiness_audit"),
            shard=shard,
            arguments=tuple(str(argument) for argument in config.invocation_params.args),
            is_worker=hasattr(config, "workerinput"),
            collect_only=any(config.getoption(name, None) for name in _RUNS_NOTHING),
        )


def parse_shard(text: str) -> tuple[int, int]:
    """Return number and count of "K/N".

    Raises:
        pytest.UsageError: it is not that.
    """
    match = _SHARD.fullmatch(text)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise pytest.UsageError(
            f"--readiness-shard takes K/N, shard K of N, with K from 1 to N, such as 2/3; not '{text}'."
        )
    return number, of


def _conftests(config: pytest.Config) -> tuple[Path, ...]:
    files = (getattr(plugin, "__file__", None) for plugin in config.pluginmanager.get_plugins())
    return tuple(sorted(Path(file) for file in files if file is not None and Path(file).name == "conftest.py"))


def _documents(config: pytest.Config) -> tuple[Path, ...] | None:
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return None
    paths = dict.fromkeys(argument.partition("::")[0] for argument in config.args)
    folder = config.invocation_params.dir
    return tuple((folder / path).resolve() for path in paths if path.lower().endswith(CHECKLIST_SUFFIXES))
