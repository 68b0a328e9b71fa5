"""Reading the bindings of a checklist.

They are in `CHECKLIST.checks.yaml` beside `CHECKLIST.md`, by section id and item slug. Everything in the file is
validated here against the checklist, the catalogue and the declared resources, and every mistake is reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from pytest_readiness.checklist.former import Names
from pytest_readiness.checklist.model import Checklist, Item
from pytest_readiness.config.suites import is_suite, suite_names
from pytest_readiness.config.target import Target
from pytest_readiness.core.problems import Problem, ProblemsError, nearest, typo_of
from pytest_readiness.core.registry import BINDING_WORDS, SEVERITIES, Check
from pytest_readiness.core.resources import words
from pytest_readiness.core.text import gives_no_reason
from pytest_readiness.core.validation import validate
from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml
from pytest_readiness.people.rules import CADENCE_DAYS, Cadence, SignoffRule, different_people
from pytest_readiness.plan.binding import AllOf, AnyOf, Binding, Part, Use
from pytest_readiness.plan.coming import COMING

SECTION_LEVEL = ".level"
"""Key of a section's level; no slug begins with a dot."""
ORIGIN = ".suite"
"""Key of the suite that bindings were made of, beside the sections; no id begins with a dot."""
CONFIRMED = ".confirmed"
"""Key of what each item said when its binding was confirmed, as fingerprints by the items' ids, beside the sections."""
NO_FINGERPRINTS = f"'{CONFIRMED}' maps items to fingerprints; 'readiness bind' writes it."
"""What is said where something else stands there."""
SIGNED = "signed"
"""Parameter of checks that lists what they cannot decide and a person vouches for."""
_PROPOSED = "proposed"
_NESTED = "'proposed' is said of an item as a whole, and stands within no other binding; leave it out here."
_CHECKS = ("check", "all", "any")
_COMMON = frozenset(("severity", "level", "partial", "signoff", "valid", "cadence", "missing", "source"))
"""Keys that a binding may have beside its checks."""
_BESIDE = ("on", "warn", "from_target")
"""Keys beside a check that are none of its parameters."""
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_DAYS = re.compile(r"(\d{1,4})\s*d")


@dataclass(frozen=True, slots=True)
class UnknownCheck(Problem):
    """A binding names a check that the catalogue lacks.

    Attributes:
        id: the check's id, as written.
    """

    id: str


def read_bindings(
    path: Path,
    checklist: Checklist,
    catalogue: Mapping[str, Check],
    roles: Mapping[str, tuple[str, ...]],
    declared: Mapping[str, frozenset[str]],
    levels: Sequence[str] = (),
    target: Target | None = None,
    parameters: Collection[str] = (),
) -> dict[str, Binding]:
    """Return the bindings in `path` by item id.

    Args:
        path: the bindings file.
        checklist: the document whose items they answer.
        catalogue: all checks by id.
        roles: people by role, from readiness.yaml.
        declared: names and labels of resources by kind, over all targets.
        levels: the levels of readiness.yaml, lowest first.
        target: gives what bindings ask of it by `from_target`; without one, nothing is given.
        parameters: names under which any target gives parameters.

    Raises:
        ProblemsError: every mistake in the file, and in what the target gives for it.
    """
    root = read_yaml(path, "bindings")
    return bindings_in(root, path, checklist, catalogue, roles, declared, levels, target, parameters)


def bindings_in(
    root: YamlMap,
    path: Path,
    checklist: Checklist,
    catalogue: Mapping[str, Check],
    roles: Mapping[str, tuple[str, ...]],
    declared: Mapping[str, frozenset[str]],
    levels: Sequence[str] = (),
    target: Target | None = None,
    parameters: Collection[str] = (),
) -> dict[str, Binding]:
    """Return the bindings in a text that was read, which need not be that of `path`; see `read_bindings`."""
    reader = _BindingsReader(path, catalogue, roles, declared, levels, target or Target(""), parameters)
    bindings = dict(reader.bindings(root, checklist))
    if reader.problems:
        raise ProblemsError(sorted(reader.problems, key=lambda problem: (problem.path != path, problem.line)))
    return bindings


def ambiguous(written: str, items: Iterable[Item]) -> str:
    """Return what is wrong where an id of an earlier version may mean several items, as a sentence."""
    return f"'{written}' no longer says which item is meant; write {' or '.join(item.id for item in items)}."


def same_item(written: str, other: str, line: int, id: str) -> str:
    """Return what is wrong where two entries answer one item, as a sentence; the other one is in that line."""
    return f"'{written}' and '{other}' in line {line} are the same item, {id}."


def _variable_in(value: Any) -> str:
    """The first ${NAME} in the texts of a value; "" without any."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, map(_variable_in, value)), "")
    _, begins, rest = value.partition("${") if isinstance(value, str) else ("", "", "")
    name, ends, _ = rest.partition("}")
    return f"{begins}{name}{ends}" if ends else ""


def _for_other_words(binding: Binding, said: str, checklist: Checklist) -> Binding:
    """A binding that was confirmed when its item said something else is only proposed for what it says now.

    Args:
        binding: the binding.
        said: fingerprint of what the item said; "" where it is kept of others only.
        checklist: the document.
    """
    if binding.proposed is not None:
        return binding
    (item,) = (each for each in checklist.items() if each.id == binding.item)
    if item.fingerprint == said or item.is_group:
        return binding
    proposed = Binding(binding.item, binding.line, source=binding.source, proposed=binding)
    return replace(proposed, reworded=bool(said), unsaid=not said)


class _BindingsReader:
    def __init__(
        self,
        path: Path,
        catalogue: Mapping[str, Check],
        roles: Mapping[str, tuple[str, ...]],
        declared: Mapping[str, frozenset[str]],
        levels: Sequence[str],
        target: Target,
        parameters: Collection[str],
        *,
        proposing: bool = False,
    ) -> None:
        self.path = path
        self.catalogue = catalogue
        self.roles = roles
        self.declared = declared
        self.levels = levels
        self.target = target
        self.parameters = parameters
        # A shipped suite names resources by convention; in a team's own file a name that nothing has is a mistake.
        self.shipped = is_suite(path)
        # So does what a team made of one, where a name may be absent, too, but not misspelled.
        self.made = False
        self.conditional = False
        # A program writes what is proposed, before anyone has declared what that takes.
        self.proposing = proposing
        self.problems: list[Problem] = []
        self._plain: dict[str, Use] = {}

    @property
    def lenient(self) -> bool:
        """Whether what is bound may name what no target has."""
        return self.shipped or self.made or self.conditional or self.proposing

    @cached_property
    def proposals(self) -> _BindingsReader:
        """Reads what is proposed: it must be valid, and may name what readiness.yaml does not have so far."""
        reader = _BindingsReader(self.path, self.catalogue, {}, {}, (), Target(""), (), proposing=True)
        reader.problems = self.problems
        return reader

    def problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line, message))

    def bindings(self, root: YamlMap, checklist: Checklist) -> Iterator[tuple[str, Binding]]:
        names = Names(checklist)
        bound: dict[str, tuple[str, int]] = {}
        self.made = ORIGIN in root and self._origin(root[ORIGIN], root.lines[ORIGIN])
        said = self._confirmed(root)
        for section, entries in root.items():
            if section in (ORIGIN, CONFIRMED):
                continue
            line = root.lines[section]
            if not names.sections(section):
                known = [section.id for section in checklist.sections]
                self.problem(
                    line, f"{checklist.path.name} has no section '{section}' with items.{nearest(section, known)}"
                )
            elif not isinstance(entries, YamlMap):
                self.problem(line, f"Section '{section}' must map items to bindings.")
            else:
                level = self._level(entries, SECTION_LEVEL)
                for slug, value in entries.items():
                    if slug != SECTION_LEVEL:
                        written = f"{section}/{slug}"
                        binding = self._binding(written, value, entries.lines[slug], names, checklist)
                        if binding is not None and binding.item in bound:
                            other, at = bound[binding.item]
                            self.problem(binding.line, same_item(written, other, at, binding.item))
                        elif binding is not None:
                            bound[binding.item] = written, binding.line
                            self._signed(binding)
                            if said is not None:
                                binding = _for_other_words(binding, said.get(written, ""), checklist)
                            if level and not binding.level:
                                binding = replace(binding, level=level)
                            yield binding.item, binding

    def _confirmed(self, root: YamlMap) -> Mapping[str, str] | None:
        """What each item said when its binding was confirmed; None where that is not kept."""
        if CONFIRMED not in root:
            return None
        said = root[CONFIRMED]
        if said is None:
            return {}
        if not isinstance(said, YamlMap):
            self.problem(root.lines[CONFIRMED], NO_FINGERPRINTS)
            return {}
        for written, fingerprint in said.items():
            if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
                self.problem(
                    said.lines[written],
                    f"'{written}' stands in '{CONFIRMED}', which holds fingerprints that 'readiness bind' writes; "
                    "bindings stand below their sections.",
                )
        return said

    def _origin(self, name: Any, line: int) -> bool:
        """Whether the bindings name the suite that they were made of."""
        known = suite_names()
        if name not in known:
            self.problem(line, f"'{ORIGIN}' names the suite that the bindings were made of.{nearest(str(name), known)}")
        return name in known

    def _binding(self, id: str, value: Any, line: int, names: Names, checklist: Checklist) -> Binding | None:
        found = names.items(id)
        if not found:
            section, slug = id.split("/", 1)
            near = [item.slug for item in checklist.items() if item.id.rpartition("/")[0] == section]
            self.problem(line, f"Section '{section}' has no item '{slug}'.{nearest(slug, near)}")
            return None
        if len(found) > 1:
            self.problem(line, ambiguous(id, found))
            return None
        (item,) = found
        id = item.id
        if item.is_group:
            if isinstance(value, YamlMap) and value.keys() == {"source"}:
                return Binding(id, line, source=self._source(value))
            self.problem(line, f"'{id}' is a group; its state follows from its items. Bind those.")
            return None
        self.conditional = item.condition is not None
        if isinstance(value, YamlMap) and _PROPOSED in value:
            return self._proposal(id, value, line)
        return self._answer(id, value, line)

    def _proposal(self, id: str, value: YamlMap, line: int) -> Binding | None:
        source = self._source(value)
        if others := [key for key in value if key not in (_PROPOSED, "source")]:
            self.problem(
                value.lines[others[0]],
                f"'proposed' takes no key beside it but 'source', and '{others[0]}' is there. Leave out 'proposed' "
                "where the rest answers the item, or the rest where that is proposed only.",
            )
            return None
        proposed = self.proposals._answer(id, value[_PROPOSED], value.lines[_PROPOSED])
        if proposed is None:
            return None
        self._signed(proposed)
        return Binding(id, line, source=source, proposed=proposed)

    def _answer(self, id: str, value: Any, line: int) -> Binding | None:
        if not isinstance(value, YamlMap):
            part = self._part(value, line)
            return None if part is None else Binding(id, line, checks=part)
        return self._mapped(id, value, line)

    def _mapped(self, id: str, value: YamlMap, line: int) -> Binding | None:
        if _PROPOSED in value:
            self.problem(value.lines[_PROPOSED], _NESTED)
            return None
        source = self._source(value)
        if "not_applicable" in value:
            reason = value["not_applicable"]
            if not isinstance(reason, str) or not reason.strip() or value.keys() - {"not_applicable", "source"}:
                self.problem(line, "'not_applicable' takes one text, the reason, and no other key.")
                return None
            if gives_no_reason(reason):
                self.problem(
                    line,
                    f"'not_applicable: {reason.strip()}' is no reason; say why the item does not apply, or bind it to "
                    "what answers it.",
                )
                return None
            return Binding(id, line, not_applicable=reason.strip(), source=source)
        severity = value.get("severity")
        if severity is not None and severity not in SEVERITIES:
            self.problem(
                value.lines["severity"],
                f"'{severity}' is not a severity.{nearest(str(severity), SEVERITIES)}",
            )
            severity = None
        level = self._level(value, "level")
        days = self._days(value)
        signoff = None
        signers = [key for key in ("signoff", "partial") if key in value]
        for key in signers:
            signoff = self._signoff(value[key], value.lines[key], days)
        if "signoff" in value and "partial" in value:
            self.problem(line, "'partial' names who signs beside checks; 'signoff' takes no checks.")
        if ("valid" in value or "cadence" in value) and not signers:
            self.problem(line, "'valid' and 'cadence' bound a sign-off; there is none here.")
        missing = self._claims(value)
        if "missing" in value and not missing:
            return None
        if missing and signers:
            self.problem(
                value.lines["missing"],
                f"'missing' leaves the item unverified until there is a check, so nobody is asked to sign it; leave "
                f"out '{signers[0]}'.",
            )
            return None
        if "signoff" in value:
            others = sorted(value.keys() - _COMMON, key=value.lines.__getitem__)
            if checks := [key for key in others if key in _CHECKS]:
                self.problem(
                    value.lines[checks[0]],
                    f"'signoff' takes no checks, and '{checks[0]}' is beside it. Who signs beside checks is named by "
                    "'partial' in its place.",
                )
                return None
            for key in others:
                self._unknown(key, value, ("signoff", "valid", "cadence", "severity", "level", "source"))
            return Binding(id, line, signoff=signoff, severity=severity, level=level, source=source)
        if missing and not value.keys() & set(_CHECKS):
            for key in value.keys() - _COMMON:
                self._unknown(key, value, ("missing", "severity", "level", "source"))
            return Binding(id, line, severity=severity, level=level, missing=missing, source=source)
        part = self._part(value, line, ignore=_COMMON)
        if part is None:
            return None
        return Binding(id, line, part, signoff, severity=severity, level=level, missing=missing, source=source)

    def _source(self, value: YamlMap) -> str:
        source = value.get("source", "")
        if not isinstance(source, str):
            self.problem(value.lines["source"], "'source' takes a text, in quotes, such as \"release.md:17\".")
            return ""
        return source

    def _claims(self, value: YamlMap) -> tuple[str, ...]:
        """The claims of `missing`, each of which no check proves so far."""
        if "missing" not in value:
            return ()
        given, line = value["missing"], value.lines["missing"]
        ids = tuple(given) if isinstance(given, list) else (given,)
        if not ids or not all(isinstance(id, str) for id in ids):
            self.problem(line, "'missing' takes the id of a claim that has no check yet, or a list of them.")
        for id in filter(lambda id: isinstance(id, str), ids):
            if id in self.catalogue:
                # A proposal was right when it was written, and stops no run when there is a check.
                if not self.proposing:
                    self.problem(line, f"There is a check '{id}' now; bind the item to it instead of 'missing'.")
            elif id not in COMING:
                self.problem(
                    line, f"No claim '{id}' is to come; 'readiness suites --claims' lists them.{nearest(id, COMING)}"
                )
        known = (id for id in map(str, ids) if id in COMING or (self.proposing and id in self.catalogue))
        return tuple(dict.fromkeys(known))

    def _signed(self, binding: Binding) -> None:
        """What a check leaves to a person must have a person who signs."""
        for use in binding.uses:
            if use.parameters.get(SIGNED) and binding.signoff is None:
                self.problem(
                    use.line, f"'{SIGNED}' of {use.check.id} names what a person vouches for; add who: 'partial: ROLE'."
                )

    def _unknown(self, key: str, value: YamlMap, known: tuple[str, ...]) -> None:
        self.problem(value.lines[key], f"Unknown key '{key}' in this binding.{nearest(key, known)}")

    def _days(self, value: YamlMap) -> int | None:
        if "valid" in value and "cadence" in value:
            self.problem(value.lines["cadence"], "Give 'valid' or 'cadence', not both.")
        if "valid" in value:
            match = _DAYS.fullmatch(str(value["valid"]).strip())
            if match and int(match[1]):
                return int(match[1])
            self.problem(value.lines["valid"], "'valid' is a number of days such as 30d.")
        elif "cadence" in value:
            cadence = str(value["cadence"])
            if cadence in CADENCE_DAYS:
                return CADENCE_DAYS[cadence]
            self.problem(value.lines["cadence"], f"'{cadence}' is not a cadence.{nearest(cadence, get_args(Cadence))}")
        return None

    def _signoff(self, value: Any, line: int, days: int | None) -> SignoffRule | None:
        given = value if isinstance(value, YamlMap) else YamlMap(self.path, line)
        if isinstance(value, str):
            given["role"], given.lines["role"] = value, line
        elif given is not value:
            self.problem(line, "A sign-off names a role of readiness.yaml, or is a mapping with 'role'.")
            return None
        if "valid_days" in given:
            self.problem(line, "How long a sign-off counts is said beside it, by 'valid' or 'cadence'.")
            return None
        known = SignoffRule.model_fields.keys() - {"valid_days"}
        unknown = [key for key in given if key not in known]
        for key in unknown:
            self.problem(given.lines[key], f"Unknown key '{key}' in this sign-off.{nearest(key, sorted(known))}")
        told = {key: each for key, each in given.items() if key in known}
        rule = validate(SignoffRule, told, given, (), "this sign-off", self.problems)
        if rule is None or unknown:
            return None
        rule = rule.model_copy(update={"valid_days": days})
        if self.proposing:
            return rule
        if rule.role not in self.roles:
            self.problem(line, f"There is no role '{rule.role}' in readiness.yaml.{nearest(rule.role, self.roles)}")
            return None
        listed = self.roles[rule.role]
        people = different_people(listed)
        if rule.count > len(people):
            twice = [each for each in listed if each not in people]
            why = f": {' and '.join(twice)} {'is' if len(twice) == 1 else 'are'} listed before" if twice else ""
            self.problem(
                line,
                f"{rule.count} must sign, and only {len(people)} in readiness.yaml have the role '{rule.role}'{why}.",
            )
            return None
        return rule

    def _level(self, value: YamlMap, key: str) -> str:
        if key not in value:
            return ""
        level = str(value[key])
        if level in self.levels or self.proposing:
            return level
        known = nearest(level, self.levels) or " It lists none under 'levels'."
        self.problem(value.lines[key], f"There is no level '{level}' in readiness.yaml.{known}")
        return ""

    def _part(self, value: Any, line: int, ignore: frozenset[str] = frozenset()) -> Part | None:
        if isinstance(value, str):
            plain = self._plain.get(value) or self._use(value, YamlMap(self.path, line), line)
            if plain is not None:
                self._plain[value] = plain
            return plain
        if isinstance(value, YamlList):
            return self._several(AllOf, value, line)
        if not isinstance(value, YamlMap):
            self.problem(
                line,
                f"A binding is a check id, a list of them, or a mapping with {self._ways()}.",
            )
            return None
        if _PROPOSED in value:
            self.problem(value.lines[_PROPOSED], _NESTED)
            return None
        rest = [key for key in value if key not in ignore]
        ways = [key for key in ("check", "all", "any") if key in value]
        if len(ways) != 1:
            lacks = " 'from_target' is said beside 'check'." if "from_target" in value and not ways else ""
            self.problem(
                line,
                f"A binding holds exactly one of {self._ways()}.{lacks}",
            )
            for key in rest:
                if key not in BINDING_WORDS and not ways:
                    self._unknown(key, value, BINDING_WORDS)
            return None
        way = ways[0]
        if way == "check":
            parameters = YamlMap(self.path, value.line)
            for key in rest:
                if key != "check":
                    parameters[key] = value[key]
                    parameters.lines[key] = value.lines[key]
            return self._use(value["check"], parameters, value.lines["check"])
        for key in rest:
            if key != way:
                self._unknown(key, value, (way, *sorted(ignore)))
        return self._several(AllOf if way == "all" else AnyOf, value[way], value.lines[way])

    def _ways(self) -> str:
        """The keys that say what answers an item; what is proposed is proposed by one of the others."""
        known = (*_CHECKS, "signoff", "not_applicable", "missing", *(() if self.proposing else (_PROPOSED,)))
        *keys, last = (f"'{key}'" for key in known)
        return f"{', '.join(keys)} or {last}"

    def _several(self, kind: type[AllOf] | type[AnyOf], value: Any, line: int) -> Part | None:
        if not isinstance(value, YamlList) or not value:
            self.problem(line, "This must be a list of at least one check; an empty one would assert nothing.")
            return None
        parts = [self._part(entry, at) for entry, at in zip(value, value.lines, strict=True)]
        found = tuple(part for part in parts if part is not None)
        return kind(found) if len(found) == len(parts) else None

    def _use(self, id: Any, given: YamlMap, line: int) -> Use | None:
        check = self.catalogue.get(id) if isinstance(id, str) else None
        if check is None:
            message = f"There is no check '{id}'.{nearest(str(id), self.catalogue)}"
            self.problems.append(UnknownCheck(self.path, line, message, str(id)))
            return None
        what = f"the binding to {check.id}"
        asked = given.get("from_target")
        narrowed: tuple[str, ...] | None = ()
        on = self._on(check, given)
        if "from_target" in given:
            if lacking := self._lacking(asked, given):
                if on is None:
                    return None
                known = {key: value for key, value in given.items() if key not in _BESIDE}
                for key in known.keys() - check.parameters.model_fields.keys():
                    hint = nearest(key, check.parameters.model_fields)
                    self.problem(given.lines[key], f"Unknown key '{key}' in {what}.{hint}")
                return Use(check, known, None, on, line, str(asked), lacking, str(asked) in self.target.without)
            if (taken := self._taken(asked, given)) is None:
                return None
            narrowed = self._on(check, self.target.parameters[str(asked)])
            given, what = taken, f"{what}, with '{asked}' of target '{self.target.name}'"
        parameters = {key: value for key, value in given.items() if key not in _BESIDE}
        # As with 'on': what a suite names by convention may be missing.
        context = {} if self.lenient else {"declared": self.declared}
        so_far = len(self.problems)
        model = self._validated(check, parameters, given, what, context)
        warn = self._warn(check, parameters, given) if "warn" in given else None
        incomplete = self.proposing and len(self.problems) == so_far
        if (model is None and not incomplete) or on is None or narrowed is None:
            return None
        values = dict(vars(model)) if model is not None else parameters
        return Use(check, values, warn, on, line, str(asked or ""), narrowed=narrowed)

    def _validated(
        self,
        check: Check,
        parameters: Mapping[str, Any],
        given: YamlMap,
        what: str,
        context: Mapping[str, Any] | None = None,
    ) -> BaseModel | None:
        # What a proposal does not give yet is asked when it is confirmed.
        return validate(
            check.parameters, parameters, given, (), what, self.problems, context, incomplete=self.proposing
        )

    def _lacking(self, asked: Any, given: YamlMap) -> str:
        """What is asked of the target and not given, as a clause, or as a problem where no target gives it."""
        if not isinstance(asked, str):
            self.problem(given.lines["from_target"], "'from_target' takes a name of the target's 'parameters'.")
            return "nothing that has a name"
        if asked in self.target.parameters:
            return ""
        if asked in self.target.without:
            return f"target {self.target.name} has no '{asked}', as it says"
        if not (self.lenient or asked in self.parameters) or typo_of(asked, self.parameters):
            self.problem(
                given.lines["from_target"],
                f"No target gives parameters named '{asked}'.{nearest(asked, self.parameters)}",
            )
        if not self.target.name:
            return f"parameters named '{asked}', which each target gives"
        return f"target {self.target.name} gives no parameters named '{asked}'"

    def _taken(self, asked: Any, given: YamlMap) -> YamlMap | None:
        """What a binding and the target say together about a check, each of which says what the other does not."""
        said = self.target.parameters[asked]
        made = YamlMap(given.path, given.line)
        for key in given:
            if key in said and key != "on":
                self.problem(
                    given.lines[key],
                    f"'{key}' is given here and by '{asked}' in {said.path}:{said.lines[key]}; leave one out.",
                )
                return None
            made.adopt(key, given)
        for key, value in said.items():
            if key == "on":
                continue
            # The steps of flows have names of their own, and refuse others themselves.
            if key != "steps" and (variable := _variable_in(value)):
                message = f"'{key}' holds {variable}, and no variable is filled in here; write the value."
                self.problems.append(Problem(said.path, said.line_of([key]), message))
                return None
            if key in _BESIDE:
                self.problems.append(Problem(said.path, said.lines[key], f"'{key}' is said in bindings only."))
                return None
            made.adopt(key, said)
        return made

    def _warn(self, check: Check, parameters: Mapping[str, Any], given: YamlMap) -> Mapping[str, Any] | None:
        stricter = given["warn"]
        if not isinstance(stricter, YamlMap) or not stricter:
            self.problem(given.lines["warn"], "'warn' maps parameters of the check to the values that warn.")
            return None
        what = f"'warn' of the binding to {check.id}"
        model = self._validated(check, {**parameters, **stricter}, stricter, what)
        return dict(vars(model)) if model is not None else None

    def _on(self, check: Check, given: YamlMap) -> tuple[str, ...] | None:
        if "on" not in given:
            return ()
        value, line = given["on"], given.lines["on"]
        names = tuple(value) if isinstance(value, list) else (value,)
        path = given.path
        if not names or not all(isinstance(name, str) for name in names):
            self.problems.append(Problem(path, line, "'on' takes names or labels of resources."))
            return None
        if check.kind is None:
            self.problems.append(Problem(path, line, f"{check.id} looks at no resource, so it takes no 'on'."))
            return None
        known = self.declared.get(check.kind, frozenset())
        wrong = [name for name in names if name not in known]
        if (path == self.path and self.lenient) or not known:
            # What it names may be absent, but not misspelled.
            wrong = [name for name in wrong if typo_of(name, known)]
        for name in wrong:
            message = f"No target declares a {words(check.kind)} named or labelled '{name}'.{nearest(name, known)}"
            self.problems.append(Problem(path, line, message))
        return None if wrong else names
