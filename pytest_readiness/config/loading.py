"""Reading readiness.yaml; every mistake in it is found before anything is contacted."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import SecretStr, TypeAdapter, ValidationError

from pytest_readiness.config.extensions import load_extensions, load_extensions_of
from pytest_readiness.config.model import ConfigurationFile, TargetFile
from pytest_readiness.config.secrets import MissingVariableError, VariableSyntaxError, interpolate
from pytest_readiness.config.target import Configuration, Target
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.problems import Problem, ProblemsError, RegistrationError, near, nearest
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.resources import KINDS, SECTIONS, Resource, word
from pytest_readiness.core.validation import validate
from pytest_readiness.core.yamlfile import YamlList, YamlMap, parse_yaml, read_yaml

FILE_NAME = "readiness.yaml"
_SECRET_NAME = re.compile(
    r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|DSN|(?:DATABASE|REDIS|MONGO\w{0,40})_UR[IL]", re.IGNORECASE
)


class ConfigurationError(ProblemsError):
    """The mistakes in readiness.yaml, and what could be read of it all the same, so that bindings are looked at too."""

    def __init__(self, problems: Iterable[Problem], configuration: Configuration | None) -> None:
        super().__init__(problems)
        self.configuration = configuration


def find_configuration(*folders: Path) -> Path | None:
    """Return the first readiness.yaml in `folders` or above the last of them."""
    places = [*folders, *(folders[-1].parents if folders else ())]
    return next((folder / FILE_NAME for folder in places if (folder / FILE_NAME).is_file()), None)


def known_kinds(*folders: Path) -> Collection[str]:
    """Return the names of the fixtures of resources, as far as packs and the project's extensions can be imported.

    Args:
        folders: where readiness.yaml is looked for, as by `find_configuration`.
    """
    with suppress(ProblemsError, RegistrationError):
        load_kinds()
        if path := find_configuration(*folders):
            load_extensions_of(path)
    return KINDS.keys()


def load_configuration(
    path: Path,
    target: str,
    variables: Mapping[str, str] | None = None,
    *,
    resolve: bool = True,
    contacts: bool = True,
    text: str | None = None,
) -> Configuration:
    """Read readiness.yaml and return it with `target` chosen.

    Args:
        path: the file.
        target: name of the target of this run; only its variables and secrets are resolved.
        variables: values for `${NAME}` beside the environment, which they override.
        resolve: whether to read secrets from files and commands, and to refuse variables that are not set. Without
            it the configuration serves to look at, not to connect with, and "" chooses no target.
        contacts: whether the target is going to be contacted, so that the files that this needs must be there.
        text: what the file is to hold, where it is not written yet.

    Raises:
        ProblemsError: every mistake found; where an extension cannot be used, that only.
        RegistrationError: a pack that is installed cannot be used.
    """
    return _Loader(path, {**os.environ, **(variables or {})}, resolve, contacts).load(target, text)


_FIELD = 2
"""How deep a target's mappings are at the fields of a resource: target, section, resource."""


class _Loader:
    def __init__(self, path: Path, variables: Mapping[str, str], resolve: bool, contacts: bool) -> None:
        self.path = path
        self.variables = variables
        self.resolve = resolve
        self.contacts = contacts
        self.problems: list[Problem] = []
        self.unset: list[Problem] = []
        self.unknown: list[str] = []
        self.section_lines: dict[str, int] = {}
        self.declared: dict[str, set[str]] = {}
        self.parameters: set[str] = set()
        self.secrets: list[str] = []
        self.context: dict[str, Any] = {"base": path.parent, "resolve": resolve}

    def load(self, name: str, text: str | None = None) -> Configuration:
        what = "configuration"
        root = read_yaml(self.path, what) if text is None else parse_yaml(text, self.path, what)
        load_kinds()
        load_extensions(root)
        if taken := sorted(SECTIONS.keys() & TargetFile.model_fields.keys()):
            model = SECTIONS[taken[0]]
            raise RegistrationError(f"'{taken[0]}' is a key of every target, not a section.", model.__module__)
        for key in ("checklists", "tests", "signoffs", "waivers"):
            if key in root:
                root[key] = self._text(root[key], root, root.lines[key], self.problems)
        for key in ("signoffs", "waivers"):
            if not self.resolve and "${" in str(root.get(key)):
                del root[key]
        head = validate(ConfigurationFile, root, root, (), f"the file {self.path.name}", self.problems, self.context)
        raw = root.get("targets")
        raw = raw if isinstance(raw, YamlMap) else YamlMap(self.path, root.line)
        nameless = not name and not self.resolve
        if name not in raw and not nameless:
            line = root.line_of(["targets"])
            self.problems.append(Problem(self.path, line, f"There is no target '{name}'.{nearest(name, raw)}"))
        chosen = Target("") if nameless else None
        for other in raw:
            if not isinstance(raw[other], YamlMap) and raw[other] is not None:
                continue
            made = self._target(other, raw, chosen=other == name)
            if other == name:
                chosen = made
        for key, paths in (("checklists", head.checklists), ("tests", head.tests)) if head else ():
            for number, missing in enumerate(paths):
                if not missing.exists():
                    line = root.line_of([key, number])
                    self.problems.append(Problem(self.path, line, f"{missing} does not exist."))
        for number, role in enumerate(head.waiver_roles if head else ()):
            if head and role not in head.roles:
                line = root.line_of(["waiver_roles", number])
                known = nearest(role, head.roles) or " The file lists none under 'roles'."
                self.problems.append(Problem(self.path, line, f"There is no role '{role}'.{known}"))
        for key in ("signoffs", "waivers"):
            if head and (problem := self._misnamed(getattr(head, key), root.lines.get(key, 0), head)):
                self.problems.append(problem)
        if head and chosen and chosen.level and chosen.level not in head.levels:
            line = raw.line_of([name, "level"])
            known = nearest(chosen.level, head.levels) or " The file lists none under 'levels'."
            self.problems.append(Problem(self.path, line, f"There is no level '{chosen.level}'.{known}"))
        configuration = None
        if head is not None:
            target = chosen or Target(name)
            secrets = [text for resource in target.resources for text in self._secrets(resource, raw, name)]
            configuration = Configuration(
                path=self.path,
                checklists=head.checklists,
                tests=head.tests,
                roles=head.roles,
                levels=head.levels,
                signoffs=head.signoffs,
                signoff_proof=head.signoff_proof,
                waivers=head.waivers,
                target=target,
                declared={kind: frozenset(names) for kind, names in self.declared.items()},
                parameters=frozenset(self.parameters),
                secrets=tuple(dict.fromkeys([*secrets, *self.secrets])),
                waiver_roles=head.waiver_roles,
                waiver_days=head.waiver_days,
                unset=tuple(dict.fromkeys(self.unset)),
                section_lines=self.section_lines,
            )
        if self.problems or configuration is None:
            # A message may quote a value that came from a variable.
            redact = Redactor(self.secrets)
            told = [replace(problem, message=redact(problem.message)) for problem in self.problems]
            raise ConfigurationError(sorted(told, key=lambda problem: problem.line), configuration)
        return configuration

    def _misnamed(self, path: Path | None, line: int, head: ConfigurationFile) -> Problem | None:
        """What is wrong with a file of people's decisions: before the first of them it need not be there."""
        if path is None or path.exists():
            return None
        used = {each.name for each in (self.path, head.signoffs, head.waivers) if each is not None}
        others = {each.stem: each.name for each in path.parent.glob("*.y*ml") if each.name not in used}
        found = others.get(near(path.stem, others))
        return Problem(self.path, line, f"{path} does not exist. Did you mean '{found}'?") if found else None

    def _target(self, name: str, raw: YamlMap, *, chosen: bool) -> Target:
        merged = self._inherited(name, raw, (), report=chosen)
        # What other targets lack in this environment is not a mistake of this run; their names still count.
        problems = self.problems if chosen else []
        context = {**self.context, "resolve": chosen and self.resolve}
        # A flow's own names are written like variables of the environment.
        parameters = merged.pop("parameters", None)
        values = self._interpolated(merged, problems)
        if parameters is not None:
            values["parameters"], values.lines["parameters"] = parameters, merged.lines["parameters"]
        rest = YamlMap(values.path, values.line)
        for key, value in values.items():
            if key not in SECTIONS:
                rest[key] = value
                rest.lines[key] = values.lines[key]
        rest = _known(rest)
        head = validate(TargetFile, rest, rest, (), f"target '{name}'", _Sections(problems, rest), context)
        resources: list[Resource] = []
        context["names"] = self._names(values)
        for section in values:
            if section in SECTIONS:
                resources += self._resources(section, values, problems, context)
        if not chosen:
            self.problems += problems
        written = parameters if isinstance(parameters, YamlMap) else YamlMap(merged.path, merged.line)
        given = {key: value for key, value in written.items() if isinstance(value, YamlMap)}
        # Those with a mistake are given all the same: bindings that ask for them make no second one.
        self.parameters.update(key for key, value in written.items() if value is not None)
        # A null takes away what is inherited, so that of the target's own ones nothing is left in what is merged.
        own = raw[name].get("parameters") if isinstance(raw[name], YamlMap) else None
        own = own if isinstance(own, YamlMap) else {}
        if head is None:
            return Target(name, resources=tuple(resources))
        if chosen:
            self.section_lines = {
                section: rest.line_of(["policy", "sections", section]) for section in head.policy.sections
            }
        return Target(
            name,
            head.description,
            tuple(resources),
            head.level,
            head.policy,
            unknown=tuple(dict.fromkeys(self.unknown)) if chosen else (),
            parameters=given,
            without=frozenset(key for key, value in {**written, **own}.items() if value is None),
        )

    def _names(self, values: YamlMap) -> dict[str, set[str]]:
        """Names by kind of what a target declares, whatever mistakes there are in it, for references."""
        found: dict[str, set[str]] = {}
        for section in SECTIONS:
            entries = values.get(section)
            for name, data in entries.items() if isinstance(entries, YamlMap) else ():
                fields = data if isinstance(data, YamlMap) else YamlMap(values.path, values.line)
                model = self._model(section, name, fields, values.line, [])
                for kind in _kinds(section, model):
                    found.setdefault(kind, set()).add(name)
        return found

    def _inherited(self, name: str, raw: YamlMap, seen: tuple[str, ...], *, report: bool) -> YamlMap:
        own = raw.get(name)
        own = own if isinstance(own, YamlMap) else YamlMap(self.path, raw.lines.get(name, raw.line))
        own = _normalised(own)
        parent = own.get("extends")
        if not isinstance(parent, str):
            return own
        line = own.lines["extends"]
        if parent not in raw or parent in (*seen, name):
            if report:
                why = (
                    f"extends '{parent}', which does not exist.{nearest(parent, raw)}"
                    if parent not in raw
                    else f"extends '{parent}', which extends it in turn."
                )
                self.problems.append(Problem(self.path, line, f"Target '{name}' {why}"))
            return own
        return _merged(self._inherited(parent, raw, (*seen, name), report=report), own)

    def _interpolated(self, value: Any, problems: list[Problem], depth: int = 0) -> Any:
        if isinstance(value, YamlMap):
            made = YamlMap(value.path, value.line)
            for key, child in value.items():
                made.lines[key] = value.lines[key]
                # Below section, resource and field it is how a secret is got, and its variables are the shell's.
                of_secret = depth > _FIELD and key == "command" and len(value) == 1
                made[key] = child if of_secret else self._text(child, made, value.lines[key], problems, depth)
            return made
        return value

    def _text(self, child: Any, place: YamlMap, line: int, problems: list[Problem], depth: int = 0) -> Any:
        if isinstance(child, YamlList):
            entries = YamlList(child.path, child.line)
            entries.lines = child.lines
            entries += [
                self._text(entry, place, at, problems, depth) for entry, at in zip(child, child.lines, strict=True)
            ]
            return entries
        if not isinstance(child, str) or "$" not in child:
            return self._interpolated(child, problems, depth + 1)
        try:
            text = interpolate(child, self.variables)
        except MissingVariableError as error:
            needed = "the configuration needs it here: set it, or take this entry out"
            message = f"The environment variable {error.name} is not set; {needed}."
            if problems is self.problems:
                (problems if self.resolve else self.unset).append(Problem(place.path, line, message))
            return _Unset(child)
        except VariableSyntaxError as error:
            if problems is self.problems:
                problems.append(Problem(place.path, line, f"{str(error)[0].upper()}{str(error)[1:]}."))
            return child
        for name in re.findall(r"\$\{(\w+)", child):
            if _SECRET_NAME.search(name):
                self.secrets.append(self.variables.get(name, ""))
        return text

    def _resources(
        self, section: str, values: YamlMap, problems: list[Problem], context: Mapping[str, Any]
    ) -> Iterator[Resource]:
        entries = values[section]
        if not isinstance(entries, YamlMap):
            line = values.lines[section]
            problems.append(Problem(values.path, line, f"'{section}' must map names to resources."))
            return
        for name, data in entries.items():
            line = entries.lines[name]
            fields = data if isinstance(data, YamlMap) else YamlMap(entries.path, line)
            model = self._model(section, name, fields, line, problems)
            names = [name]
            if isinstance(labels := fields.get("labels"), list):
                names += [label for label in labels if isinstance(label, str)]
            # A resource with a mistake is declared all the same: bindings that name it make no second one.
            for kind in _kinds(section, model):
                self.declared.setdefault(kind, set()).update(names)
            if model is None:
                continue
            what = f"{word(model.kind)} '{name}'"
            told_by = model.variants.by if model.variants else ""
            given = {key: value for key, value in fields.items() if key != told_by or key in model.model_fields}
            if "name" in given:
                problems.append(
                    Problem(fields.path, fields.lines["name"], f"The name of {what} is its key; leave 'name' out.")
                )
                continue
            unresolved = any(map(_is_unset, given.values()))
            made = validate(model, {"name": name, **given}, fields, (), what, [] if unresolved else problems, context)
            if made is not None and (not isinstance(made, model) or made.name != name):
                # Resources are told apart by their names; two of one would share what is read.
                message = f"The name of {what} is changed by its kind. That is a defect of {model.__module__}."
                problems.append(Problem(fields.path, line, message))
            elif made is not None:
                if context["resolve"] and self.contacts:
                    problems.extend(_missing_files(made, fields, what))
                yield _without_unset_secrets(made, given)
            elif unresolved:
                yield _as_declared(model, name, given, context)

    def _secrets(self, resource: Resource, raw: YamlMap, target: str) -> tuple[str, ...]:
        """What the redactor must know of a resource; nothing may be shown of it where its kind fails to tell."""
        try:
            told: Any = resource.secrets()
            found = (None,) if isinstance(told, str) else tuple(told)
            if not all(isinstance(text, str) for text in found):
                raise TypeError
            return found
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (the kind may be anyone's)
            # What it says may be the secret.
            why = type(error).__name__
        line = raw.line_of([target, resource.section, resource.name])
        what = f"{word(resource.kind)} '{resource.name}'"
        message = (
            f"The secrets of {what} could not be told ({why}). That is a defect of its kind, in "
            f"{type(resource).__module__}: mend its 'secrets'."
        )
        self.problems.append(Problem(self.path, line, message))
        return ()

    def _model(
        self, section: str, name: str, fields: YamlMap, line: int, problems: list[Problem]
    ) -> type[Resource] | None:
        base = SECTIONS[section]
        variants = base.variants
        model = base.model_of(fields)
        if model is not None or variants is None:
            return model
        what, address = word(base.kind), variants.scheme_of
        if _is_unset(fields.get(variants.by if variants.by in fields else address)):
            if problems is self.problems and not self.resolve:
                self.unknown.append(f"{what} '{name}'")
                way = f"'{variants.by}'" if variants.by in fields else f"'{address}', or give '{variants.by}'"
                message = (
                    f"{what.capitalize()} '{name}' is left out, as its kind is not known: set the variable in {way}."
                )
                self.unset.append(Problem(fields.path, line, message))
            return None
        known = base.models()
        told_by = f"'{variants.by}'" + (f" or by the scheme of '{address}'" if address else "")
        hint = nearest(str(fields[variants.by]), known) if variants.by in fields else ""
        hint = hint if hint.startswith(" Did") else ""
        message = f"{what.capitalize()} '{name}' must give its {variants.by} ({', '.join(known)}), by {told_by}.{hint}"
        problems.append(Problem(fields.path, line, message))
        return None


class _Unset(str):
    """A text with a variable that is not set; whether it is right is not known."""

    __slots__ = ()


def _is_unset(value: Any) -> bool:
    """Whether there is such a text anywhere in a value."""
    if isinstance(value, Mapping):
        return any(map(_is_unset, value.values()))
    return isinstance(value, _Unset) or (isinstance(value, list) and any(map(_is_unset, value)))


def _known(value: Any) -> Any:
    """Return a value of a target without what holds such a text, so that the rest of it can be looked at."""
    if not isinstance(value, YamlMap):
        return value
    made = YamlMap(value.path, value.line)
    for key, child in value.items():
        if isinstance(child, YamlMap) or not _is_unset(child):
            made[key], made.lines[key] = _known(child), value.lines[key]
    return made


def _kinds(section: str, model: type[Resource] | None) -> tuple[str, ...]:
    """Kinds that a resource of a section counts as, or may count as where its model is not known."""
    models = SECTIONS[section].models().values() if model is None else (model,)
    return tuple(dict.fromkeys(kind for each in models for kind in each.kinds()))


def _missing_files(resource: Resource, fields: YamlMap, what: str) -> Iterator[Problem]:
    """Files without which a resource cannot be looked at; whether that is there which is looked at, checks say."""
    for name in type(resource).model_fields:
        path = getattr(resource, name)
        if isinstance(path, Path) and name in fields and name != resource.main and not path.exists():
            message = f"{what[:1].upper()}{what[1:]}, '{name}': {path} does not exist. Correct the path, or write it."
            yield Problem(fields.path, fields.lines[name], message)


def _as_declared(model: type[Resource], name: str, given: Mapping[str, Any], context: Mapping[str, Any]) -> Resource:
    """Return a resource that is declared by its name and labels, though values of it are not known here."""
    values: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        if key in given or field.is_required():
            value = SecretStr("") if _is_secret(field.annotation) else given.get(key, "")
            values[key] = _part_of(model, key, value, context) if isinstance(value, Mapping) else value
    labels = given.get("labels")
    values |= {"name": name, "labels": tuple(labels) if isinstance(labels, list) else ()}
    return model.model_construct(**values)


def _part_of(model: type[Resource], key: str, value: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """Return a part of a resource as checks take it, such as its credentials; the default where it is wrong."""
    field = model.model_fields[key]
    annotation: Any = field.annotation
    try:
        return TypeAdapter(annotation).validate_python(value, context=dict(context))
    except ValidationError:
        return field.get_default(call_default_factory=True, validated_data={})


def _without_unset_secrets(resource: Resource, given: Mapping[str, Any]) -> Resource:
    """Return a resource of whose secrets none is the text of a variable that is not set."""
    fields = type(resource).model_fields
    unset = [name for name, value in given.items() if _is_unset(value) and _is_secret(fields[name].annotation)]
    return resource.model_copy(update=dict.fromkeys(unset, SecretStr(""))) if unset else resource


def _is_secret(annotation: Any) -> bool:
    """Whether a field is a secret, or may be one."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(map(_is_secret, get_args(annotation)))
    return annotation is SecretStr


class _Sections(list[Problem]):
    """Adds the names of resource sections to what an unknown key of a target might have meant."""

    def __init__(self, problems: list[Problem], place: YamlMap) -> None:
        super().__init__()
        self.problems = problems
        self.place = place

    def append(self, problem: Problem) -> None:
        unknown = re.match(r"Unknown key '([^']+)' in (target '[^']+')\.", problem.message)
        if unknown and unknown[1] in self.place:
            known = [*SECTIONS, *TargetFile.model_fields]
            message = f"{unknown[0]}{nearest(unknown[1], known)}"
            problem = Problem(problem.path, problem.line, message)
        self.problems.append(problem)


def _normalised(target: YamlMap) -> YamlMap:
    """Write every resource given as plain text as a mapping, so that targets can be merged field by field."""
    made = YamlMap(target.path, target.line)
    for key, value in target.items():
        made.lines[key] = target.lines[key]
        made[key] = value
        if key in SECTIONS and isinstance(value, YamlMap):
            base = SECTIONS[key]
            entries = YamlMap(value.path, value.line)
            for name, data in value.items():
                entries.lines[name] = line = value.lines[name]
                entries[name] = data
                if data is not None and not isinstance(data, YamlMap):
                    entries[name] = YamlMap(value.path, line)
                    entries[name][base.main] = data
                    entries[name].lines[base.main] = line
                elif data is None and base.name_suffices:
                    entries[name] = YamlMap(value.path, line)
            made[key] = entries
    return made


def _merged(parent: YamlMap, child: YamlMap) -> YamlMap:
    """Return the parent's declarations with the child's over them; a null in the child takes one away."""
    made = YamlMap(child.path, child.line)
    for key in dict.fromkeys([*parent, *child]):
        if key not in child:
            made[key], made.lines[key] = parent[key], parent.lines[key]
        elif child[key] is None:
            continue
        elif isinstance(child[key], YamlMap) and isinstance(parent.get(key), YamlMap):
            made[key], made.lines[key] = _merged(parent[key], child[key]), child.lines[key]
        else:
            made[key], made.lines[key] = child[key], child.lines[key]
    return made
