"""readiness.yaml as text, from what was found; each part of it is loaded as a run would load it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.config.loading import FILE_NAME, load_configuration
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.resources import SECTIONS
from pytest_readiness.core.text import visible
from pytest_readiness.discover.found import EVERY, Discovered, Hint, Person, Skipped, VariableText, said
from pytest_readiness.discover.merging import targets

NOBODY = "to be filled in"
"""Stands for a person where none is known; a sign-off by that is refused."""
SIGNOFFS = "signoffs.yaml"
_WIDTH = 110
_HEAD = """\
What readiness init found in this folder. Above each entry stands where it is from, and what only you can fill in.
Names were taken over, and no value of a variable: secrets stay where they are."""
_SECTIONS = (
    *("urls", "endpoints", "hosts", "containers", "images", "databases", "domains", "mail", "inboxes"),
    *("repositories", "env_files", "documents"),
)
"""The order in which sections are written; those of packs follow."""
_INTO = "Found, but nothing that a target declares so far, or for you to decide:"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written.

    Attributes:
        checklist: as readiness.yaml names it.
        why: what speaks for it.
        roles: that must sign.
        found: resources, each once.
        hints: what is kept as comments.
        people: whom git knows, for a comment.
        required: names of variables, as the parameter `required_variables`.
        names: other names for targets.
        described: what a target is, by its name before.
        signoffs: whether the file of the sign-offs is named.
    """

    checklist: str
    why: str = ""
    roles: Sequence[str] = ()
    found: Sequence[Discovered] = ()
    hints: Sequence[Hint] = ()
    people: Sequence[Person] = ()
    required: Sequence[str] = ()
    names: tuple[tuple[str, str], ...] = ()
    described: tuple[tuple[str, str], ...] = ()
    signoffs: bool = True

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of its targets, the first to be looked at before the others."""
        renamed = dict(self.names)
        return tuple(renamed.get(name, name) for name in self._targets)

    @property
    def _targets(self) -> tuple[str, ...]:
        return targets(self.found) or ("prod",)

    def text(self) -> str:
        """The file."""
        from ruamel.yaml import YAML

        yaml = YAML()
        yaml.width = 4096
        yaml.allow_unicode = True
        yaml.indent(mapping=2, sequence=4, offset=2)
        stream = io.StringIO()
        yaml.dump(self._whole(), stream)
        lines = [f"# {line}" for line in _HEAD.splitlines()]
        if self.hints:
            after = [f"# {_INTO}"]
            for hint in self.hints:
                after += _comment(f"- {hint.source}: {hint.text}").splitlines()
            return "\n".join([*lines, stream.getvalue().rstrip(), "", *after, ""])
        return "\n".join([*lines, stream.getvalue().rstrip(), ""])

    def _whole(self) -> Any:
        from ruamel.yaml.comments import CommentedMap, CommentedSeq

        whole = CommentedMap()
        whole["checklists"] = CommentedSeq([_literal(self.checklist)])
        _above(whole, "checklists", f"What decides: {self.why}" if self.why else "", 0)
        if self.roles:
            people = ", ".join(person.name for person in self.people)
            known = f" Git knows you as {people}." if people else ""
            told = f"Who signs in each role, by mail address, in place of '{NOBODY}', whom no sign-off can name.{known}"
            whole["roles"] = CommentedMap((role, _flow([NOBODY])) for role in self.roles)
            _above(whole, "roles", told, 0)
        if self.signoffs:
            whole["signoffs"] = SIGNOFFS
        whole["targets"] = every = CommentedMap()
        shared: dict[str, Any] = {}
        renamed, described = dict(self.names), dict(self.described)
        for name in self._targets:
            every[renamed.get(name, name)] = self._target(name, described.get(name, ""), shared)
        return whole

    def _target(self, name: str, description: str, shared: dict[str, Any]) -> Any:
        from ruamel.yaml.comments import CommentedMap

        target = CommentedMap()
        if description:
            target["description"] = _literal(description)
        for section in sorted(SECTIONS, key=_rank):
            own = [each for each in self.found if each.section == section and each.target == name]
            common = [each for each in self.found if each.section == section and each.target == EVERY]
            if section in shared and not own:
                target[section] = shared[section]
            elif own or common:
                entries = CommentedMap((each.name, _resource(each)) for each in (*own, *common))
                for each in (*own, *common):
                    _above(entries, each.name, _told(each), 6)
                target[section] = entries
                if not own and len(self._targets) > 1:
                    entries.yaml_set_anchor(section, always_dump=False)
                    shared[section] = entries
        if self.required:
            target["parameters"] = CommentedMap({"required_variables": CommentedMap({"names": _flow(self.required)})})
        return target or None


def _rank(section: str) -> tuple[int, str]:
    return (_SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS)), section


def _told(found: Discovered) -> str:
    return f"from {found.source}{f'; fill in: {found.fill_in}' if found.fill_in else ''}"


def _resource(found: Discovered) -> Any:
    from ruamel.yaml.comments import CommentedMap

    main = SECTIONS[found.section].main
    fields = {key: _value(found.fields[key]) for key in sorted(found.fields, key=lambda key: key != main)}
    return fields[main] if list(fields) == [main] else CommentedMap(fields)


def _value(value: Any) -> Any:
    if isinstance(value, VariableText):
        return str(value)
    if isinstance(value, str):
        return _literal(value)
    return _flow([_value(each) for each in value]) if isinstance(value, list | tuple) else value


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _flow(values: Iterable[Any]) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made


def _above(mapping: Any, key: str, text: str, indent: int) -> None:
    if text:
        plain = "\n".join(textwrap.wrap(said(text), _WIDTH - indent, break_long_words=False, break_on_hyphens=False))
        mapping.yaml_set_comment_before_after_key(key, before=plain, indent=indent)


def _comment(text: str) -> str:
    wrapped = textwrap.wrap(said(text), _WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
    return "\n".join(f"#   {line}" for line in wrapped)


def kept(found: Iterable[Discovered], folder: Path) -> tuple[list[Discovered], list[Skipped]]:
    """What a run takes, each loaded by itself, and what it refuses."""
    good: list[Discovered] = []
    refused: list[Skipped] = []
    for each in found:
        lone = Draft("suite:starter", found=[each], signoffs=False)
        # It may be of a target that others give its name.
        if faults := problems(lone, folder):
            why = said(faults[0].partition(": ")[2] or faults[0])
            refused.append(Skipped(each.source, f"cannot be declared under {each.section}: {why}"))
        else:
            good.append(each)
    return good, refused


def problems(draft: Draft, folder: Path) -> list[str]:
    """What a run would find wrong in a draft; nothing, for one that can be written."""
    text = draft.text()
    try:
        for target in draft.targets:
            load_configuration(folder / FILE_NAME, target, resolve=False, text=text)
    except ProblemsError as error:
        return [visible(problem.message) for problem in error.problems]
    return []
