"""Kinds register themselves when they are declared, and the models of one section are told apart by their base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, field_validator

from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.schema import configuration_schema
from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.problems import ProblemsError, RegistrationError
from pytest_readiness.core.resources import KINDS, SECTIONS, Located, Reference, Resource, Variants, where_of, words
from pytest_readiness.domains.database.resource import Database
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.postgres.resource import Postgres


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """The shipped kinds; those that a test adds are gone after it."""
    load_kinds()
    before = dict(KINDS), dict(SECTIONS)
    yield
    for table, known in zip((KINDS, SECTIONS), before, strict=True):
        table.clear()
        table.update(known)


def declare_queues() -> None:
    class Queue(Resource):
        """A queue of any broker."""

        kind = "queue"
        section = "queues"
        main = "address"
        variants = Variants(by="broker", scheme_of="address")

        address: str

    class Rabbitmq(Queue):
        """A queue of RabbitMQ."""

        kind = "rabbitmq"
        schemes = ("amqp", "amqps")

    class Stream(Queue):
        """A stream."""

        kind = "redis_stream"
        variant = "redis"
        group: str = ""


def load(folder: Path, text: str, *, resolve: bool = True) -> Any:
    path = folder / "readiness.yaml"
    path.write_text(text, "utf-8")
    return load_configuration(path, "prod", resolve=resolve)


def mistakes(folder: Path, text: str) -> str:
    with pytest.raises(ProblemsError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_section_of_several_models_needs_no_word_of_the_loader(tmp_path: Path) -> None:
    declare_queues()
    target = load(
        tmp_path,
        "targets:\n  prod:\n    queues:\n      jobs: amqps://mq.example.com\n"
        "      mails: {address: 'redis://cache', broker: redis, group: x}\n",
    ).target
    assert [(each.key, each.kinds()) for each in target.resources] == [
        ("rabbitmq:jobs", ("rabbitmq", "queue")),
        ("redis_stream:mails", ("redis_stream", "queue")),
    ]
    assert target.of("queue") == target.resources
    assert (words("queue"), words("redis_stream")) == ("queue", "redis stream")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "kafka://x",
            "Queue 'jobs' must give its broker (rabbitmq, redis), by 'broker' or by the scheme of 'address'.",
        ),
        ("{address: x, broker: rabitmq}", "by the scheme of 'address'. Did you mean 'rabbitmq'?"),
        ("{address: x, broker: [redis]}", "Queue 'jobs' must give its broker"),
        ("{address: 'amqp://x', group: x}", "Unknown key 'group' in rabbitmq 'jobs'. Known: address, labels."),
    ],
)
def test_what_does_not_say_its_variant_is_told(tmp_path: Path, written: str, sentence: str) -> None:
    declare_queues()
    assert sentence in mistakes(tmp_path, f"targets:\n  prod:\n    queues: {{jobs: {written}}}\n")


def test_what_a_variable_decides_is_left_out_of_what_is_only_looked_at(tmp_path: Path) -> None:
    declare_queues()
    mails = "{address: '${QUEUE_ADDRESS}', broker: redis}"
    text = f"targets:\n  prod:\n    queues: {{jobs: '${{QUEUE_ADDRESS}}', mails: {mails}}}\n"
    made = load(tmp_path, text, resolve=False)
    assert [each.key for each in made.target.resources] == ["redis_stream:mails"]
    assert made.declared["queue"] == {"jobs", "mails"}
    left_out = "Queue 'jobs' is left out, as its kind is not known: set the variable in 'address', or give 'broker'."
    assert left_out in [each.message for each in made.unset]


def test_a_variant_of_a_section_that_ships(tmp_path: Path) -> None:
    class Clickhouse(Database):
        """A ClickHouse server."""

        kind = "clickhouse"
        schemes = ("clickhouse",)

    [made] = load(tmp_path, "targets: {prod: {databases: {logs: 'clickhouse://h/d'}}}\n").target.resources
    assert (type(made), made.kinds()) == (Clickhouse, ("clickhouse", "database"))
    assert "(clickhouse, mongodb, mysql, postgres, redis)" in mistakes(
        tmp_path, "targets: {prod: {databases: {logs: 'oracle://h/d'}}}\n"
    )
    engines = configuration_schema()["$defs"]["Clickhouse"]["properties"]["engine"]["anyOf"]
    assert {"const": "clickhouse", "type": "string"} in engines


def test_a_null_is_enough_where_the_kind_says_so(tmp_path: Path) -> None:
    class Room(Resource):
        """A room."""

        kind = "room"
        section = "rooms"
        main = "floor"
        name_suffices = True

        floor: int = 1

    assert load(tmp_path, "targets: {prod: {rooms: {attic: , cellar: -1}}}\n").target.resources == (
        Room(name="attic"),
        Room(name="cellar", floor=-1),
    )


def test_a_secret_is_none_where_it_is_not_known(tmp_path: Path) -> None:
    class Vault(Resource):
        """A vault."""

        kind = "vault"
        section = "vaults"
        main = "room"

        room: str
        number: int = 1
        token: Secret | None = None

    text = "targets: {prod: {vaults: {main: {room: p, number: '${VAULT_NUMBER}', token: '${VAULT_TOKEN}'}}}}\n"
    [made] = load(tmp_path, text, resolve=False).target.resources
    assert (made.room, made.number, made.secrets()) == ("p", "${VAULT_NUMBER}", ("",))


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")
def test_a_field_has_no_name_that_means_something_else() -> None:
    with pytest.raises(RegistrationError, match="'vault' has a field 'place', which has a meaning of its own"):

        class Vault(Resource):
            """A vault."""

            kind = "vault"
            section = "vaults"
            main = "place"

            place: str


def test_secrets_are_found_in_every_collection(tmp_path: Path) -> None:
    class Ring(Resource):
        """A ring of keys."""

        kind = "ring"
        section = "rings"
        main = "api"

        api: str
        keys: list[Secret] = []  # noqa: RUF012  (pydantic copies it)
        more: tuple[dict[str, Secret], ...] = ()

    (tmp_path / "key").write_text("from-a-file")
    text = "targets: {prod: {rings: {r: {api: x, keys: ['file:key', plain-key], more: [{a: deep-key}]}}}}\n"
    made = load(tmp_path, text)
    assert made.target.resources[0].secrets() == ("from-a-file", "plain-key", "deep-key")
    assert set(made.secrets) >= {"from-a-file", "plain-key", "deep-key"}


def test_a_section_is_not_a_key_of_every_target(tmp_path: Path) -> None:
    class Rule(Resource):
        """A rule."""

        kind = "rule"
        section = "policy"
        main = "text"

        text: str

    with pytest.raises(RegistrationError, match="'policy' is a key of every target, not a section"):
        load(tmp_path, "targets: {prod: {policy: {min_score: 100}}}\n")


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"kind": "request", "section": "asked", "main": "name"}, "'request' is not a name for a kind"),
        ({"kind": "monkeypatch", "section": "things", "main": "name"}, "'monkeypatch' is not a name for a kind; it is"),
        ({"kind": "host", "section": "things", "main": "name"}, "'host' is not a name for a kind; it is that of a fix"),
        ({"kind": "class", "section": "things", "main": "name"}, "'class' is not a name for a kind; no parameter can"),
        ({"kind": "thing", "section": "things"}, "must name by 'main' the field that a plain text stands for"),
        ({"kind": "thing", "section": "things", "main": "y"}, "must name by 'main' the field"),
    ],
)
def test_a_kind_that_cannot_work_is_refused(attributes: dict[str, str], sentence: str) -> None:
    with pytest.raises(RegistrationError, match=sentence):
        type("Thing", (Resource,), {"__module__": __name__, "__doc__": "A thing.", **attributes})


@pytest.mark.parametrize("name", ["place", "where"])
def test_what_a_kind_tells_is_a_property(name: str) -> None:
    def declare(told: object) -> None:
        own = {"__module__": __name__, "__annotations__": {name: ClassVar[object]}, name: told}
        type("Thing", (Resource,), {"kind": "thing", "section": "things", "main": "name", **own})

    for wrong in (lambda self: "here", 5, None):
        with pytest.raises(
            RegistrationError, match=rf"'thing' must tell its '{name}' by a property \(@property\) that"
        ):
            declare(wrong)
    assert "thing" not in KINDS
    declare("here")


@pytest.mark.parametrize("name", ["key", "kinds", "references", "models", "model_of"])
def test_what_tells_resources_and_kinds_apart_is_fixed(name: str) -> None:
    class Between(Resource):
        """No kind yet."""

    setattr(Between, name, property(lambda self: "same"))
    with pytest.raises(RegistrationError, match=f"The kind 'thing' has a '{name}' of its own, by which every resource"):
        type("Thing", (Between,), {"__module__": __name__, "kind": "thing", "section": "things", "main": "name"})
    assert "thing" not in KINDS


def test_a_kind_does_not_change_the_names_of_its_resources(tmp_path: Path) -> None:
    class Vault(Resource):
        """A vault."""

        kind = "vault"
        section = "vaults"
        main = "room"

        room: str

        @field_validator("name")
        @classmethod
        def _lower(cls, name: str) -> str:
            return name.lower()

    said = mistakes(tmp_path, "targets:\n  prod:\n    vaults:\n      a: one\n      A: two\n")
    assert said == f"readiness.yaml:5: The name of vault 'A' is changed by its kind. That is a defect of {__name__}."


@pytest.mark.parametrize("error", [TypeError, KeyError, SystemExit, GeneratorExit])
@pytest.mark.parametrize("late", [False, True])
def test_a_validator_that_breaks_is_told_without_what_it_says(
    tmp_path: Path, error: type[BaseException], late: bool
) -> None:
    class Vault(Resource):
        """A vault."""

        kind = "vault"
        section = "vaults"
        main = "token"

        token: str

        @field_validator("token")
        @classmethod
        def _checked(cls, token: str) -> str:
            if not late:
                raise error(token)
            return token

        def model_post_init(self, _: object) -> None:
            raise error(self.token)

    said = mistakes(tmp_path, "targets:\n  prod:\n    vaults:\n      small: s3cr3t-token\n")
    assert said.startswith(f"readiness.yaml:4: Vault 'small' could not be looked at ({error.__name__}, {__file__}:")
    assert said.endswith(
        f"). That is a defect of {__name__}: for what is wrong, validators raise ValueError, and nothing else."
    )
    assert "s3cr3t" not in said


def test_a_kind_that_cannot_tell_where_it_is_goes_by_its_name() -> None:
    class Vault(Resource):
        """No kind."""

        @property
        def where(self) -> str:
            raise SystemExit(0)

    assert where_of(Vault(name="small")) == "small"


def test_a_reference_is_seen_wherever_it_stands() -> None:
    class Shelf(Resource):
        """A shelf."""

        kind = "shelf"
        section = "shelves"
        main = "name"

    class Book(Resource):
        """A book."""

        kind = "book"
        section = "books"
        main = "shelf"

        shelf: Annotated[str, Reference("shelf")] | None = None
        other: Annotated[Annotated[str, Reference("shelf", through=True)] | None, Field(max_length=9)] = None
        title: Annotated[str, Field(max_length=9)] | None = None

    assert Book.references() == {"shelf": Reference("shelf"), "other": Reference("shelf", through=True)}


def test_a_class_between_is_no_kind() -> None:
    before = dict(KINDS)

    class SqlDatabase(Database):
        """What SQL databases have in common."""

    class Storefront(Url):
        """A url with more."""

    assert before == KINDS
    assert SECTIONS["urls"] is Url
    assert SECTIONS["databases"] is Database
    assert Postgres.models() == Database.models()


def test_names_that_are_taken() -> None:
    with pytest.raises(
        RegistrationError, match=r"already a kind of resource 'url', in pytest_readiness\.domains\.http\.resource\."
    ):

        class Other(Located):
            kind = "url"
            section = "others"

    with pytest.raises(RegistrationError, match=r"section 'documents' is that of Document, in .*'letter' must have"):

        class Letter(Located):
            kind = "letter"
            section = "documents"

    with pytest.raises(RegistrationError, match="'a letter' in 'letters': a kind and a section are plain words"):

        class Spaced(Located):
            kind = "a letter"
            section = "letters"

    assert not {"others", "letters"} & SECTIONS.keys()


@pytest.mark.parametrize("told", [ValueError("s3cr3t-token"), SystemExit("s3cr3t-token"), None, "s3cr3t-token", (5,)])
def test_a_kind_that_cannot_tell_its_secrets_is_told(tmp_path: Path, told: object) -> None:
    class Vault(Resource):
        """A vault."""

        kind = "vault"
        section = "vaults"
        main = "token"

        token: str

        def secrets(self) -> Any:
            if isinstance(told, BaseException):
                raise told
            return told

    said = mistakes(tmp_path, "targets:\n  prod:\n    vaults:\n      small: s3cr3t-token\n")
    why = type(told).__name__ if isinstance(told, BaseException) else "TypeError"
    assert said == (
        f"readiness.yaml:4: The secrets of vault 'small' could not be told ({why}). That is a defect of its kind, in "
        f"{__name__}: mend its 'secrets'."
    )
