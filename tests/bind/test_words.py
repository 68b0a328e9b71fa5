from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_readiness
from pytest_readiness.bind.matching import Statement, matches
from pytest_readiness.bind.spelling import stems
from pytest_readiness.bind.words import ASPECTS, ENGINES, STRENGTHS, all_words, vocabulary
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.yamlfile import YamlMap, read_yaml
from pytest_readiness.plan.coming import COMING

FILES = sorted(Path(pytest_readiness.__file__).parent.glob("domains/*/words.yaml"))
BOUND = 120.0
"""Seconds after which a process is a hang."""


def entries() -> Iterator[tuple[Path, str, YamlMap]]:
    for path in FILES:
        for id, said in read_yaml(path, "words").items():
            yield path, id, said


def known() -> set[str]:
    return load_catalogue().keys() | COMING.keys()


def claim_of(id: str) -> str:
    """The id, or what databases have in common where it is of one of them."""
    domain, _, name = id.partition(".")
    return f"db.{name}" if domain in ENGINES else id


def texts(said: YamlMap) -> Iterator[str]:
    """The phrases as an item would say them: the first of alternatives, without marks."""
    for phrase in str(said["phrases"]).split(";"):
        yield " ".join(word.lstrip("^").strip("/").split("/")[0] for word in phrase.strip().lstrip("~").split())


def test_every_claim_has_words_and_every_word_is_of_a_claim() -> None:
    words = all_words()
    assert sorted(known() - words.keys()) == []
    assert sorted(words.keys() - known()) == []
    assert [id for id, said in words.items() if not said.phrases] == []


def test_entries_stand_in_the_file_of_their_domain_in_alphabetical_order() -> None:
    for path in FILES:
        ids = list(read_yaml(path, "words"))
        assert ids == sorted(ids), path
        assert {id.partition(".")[0] for id in ids} <= {
            path.parent.name,
            *({"db"} if path.parent.name == "database" else ()),
        }


def test_no_claim_has_two_entries() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, id, _ in entries():
        places[id].append(path.parent.name)
    assert {id: found for id, found in places.items() if len(found) > 1} == {}


def test_claims_that_are_named_are_known() -> None:
    unknown = [
        (id, named)
        for id, said in all_words().items()
        for named in (*said.weaker_than, *said.together_with, *filter(None, (said.kubernetes,)))
        if named not in known()
    ]
    assert unknown == []
    assert set(vocabulary().fallbacks.values()) <= known()
    assert set(vocabulary().anything) <= known()


def test_no_claim_proves_less_than_itself() -> None:
    words = all_words()

    def stronger(id: str, seen: tuple[str, ...]) -> Iterator[str]:
        for each in words[id].weaker_than if id in words else ():
            assert each not in seen, (*seen, each)
            yield from (each, *stronger(each, (*seen, each)))

    for id in words:
        assert id not in stronger(id, (id,))
        assert id not in words[id].together_with


def test_no_two_claims_have_the_same_phrases() -> None:
    by_phrases: defaultdict[frozenset[object], set[str]] = defaultdict(set)
    for id, said in all_words().items():
        by_phrases[frozenset(phrase.atoms for phrase in said.phrases)].add(claim_of(id))
    assert [sorted(ids) for ids in by_phrases.values() if len(ids) > 1] == []


def test_each_claim_is_what_some_phrase_of_its_own_means_most() -> None:
    untold = []
    for _, id, said in entries():
        firsts = (matches(Statement(text)) for text in texts(said))
        if not any(found and claim_of(found[0].id) == claim_of(id) for found in firsts):
            untold.append(id)
    assert untold == []


def test_no_veto_silences_a_phrase_of_its_own_claim() -> None:
    silenced = {
        (id, text)
        for _, id, said in entries()
        for text in texts(said)
        for veto in str(said.get("vetoes", "")).split()
        if stems(veto.replace("-", " ")) <= stems(text)
    }
    assert sorted(silenced) == []


def test_no_phrase_is_a_path() -> None:
    """Its parts would be alternatives, each of which alone means the claim."""
    paths = [
        (id, word)
        for _, id, said in entries()
        for word in str(said["phrases"]).replace(";", " ").split()
        if word.startswith("/") and word.count("/") > 1
    ]
    assert paths == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("HSTS on", "http.hsts"),
        ("Is HSTS enabled?", "http.hsts"),
        ("Redirect all traffic from HTTP to HTTPS", "http.https_redirect"),
        ("Helmet is enabled", "http.security_headers"),
        ("certbot renews certificates", "tls.renewal"),
        ("Certificates are valid for at least 30 more days", "tls.expiry"),
        ("Cypress passes", "artifact.junit"),
        ("Coverage above 80%", "artifact.coverage"),
        ("Rollback was tested in staging", "artifact.drill"),
        ("Can roll back in one command", "ci.rollback"),
        ("Branch protection on main", "ci.branch_protected"),
        ("Dependabot enabled", "ci.update_bot"),
        ("No known vulnerabilities in dependencies", "artifact.dependency_audit"),
        ("Application refuses to start when variables are missing", "env.validation_enforced"),
        ("Remove console.log statements", "source.no_debug"),
        ("The database is not reachable from the internet", "net.closed"),
        ("Password reset mails arrive", "mail.received"),
        ("MX records are set", "dns.mx"),
        ("No secrets are baked into images", "image.no_secrets"),
        ("Secrets are kept in Vault", "secrets.store"),
        ("API keys are rotated every 90 days", "secrets.rotated"),
        ("Works in Firefox and Safari", "browser.engines"),
    ],
)
def test_what_people_write_means_the_claim(text: str, claim: str) -> None:
    assert matches(Statement(text))[0].id == claim


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Alert on certificates that expire", "tls.expiry"),
        ("Rollback plan tested", "docs.sections"),
        ("Log level is not debug", "http.no_debug"),
        ("Sign the release images", "http.jwt"),
    ],
)
def test_what_is_said_of_something_else_does_not_mean_the_claim(text: str, claim: str) -> None:
    assert claim not in [match.id for match in matches(Statement(text))[:1]]


class TestOfPacks:
    """A pack of somebody else's brings its words beside its checks."""

    def words(self, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
        package, installed = folder / "readiness_shop", folder / "readiness_shop-1.0.dist-info"
        for each in (package, installed):
            each.mkdir()
        (package / "__init__.py").write_text("", "utf-8")
        (package / "words.yaml").write_text(text, "utf-8")
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: readiness-shop\nVersion: 1.0\n", "utf-8")
        (installed / "entry_points.txt").write_text("[pytest_readiness.domains]\nshop = readiness_shop\n", "utf-8")
        program = (
            "import json\n"
            "from pytest_readiness.bind.matching import Statement, matches\n"
            "from pytest_readiness.bind.words import all_words\n"
            "from pytest_readiness.core.problems import ProblemsError\n"
            "try:\n"
            "    said = all_words().get('shop.terms')\n"
            "except ProblemsError as error:\n"
            "    print(error)\n"
            "else:\n"
            "    first = matches(Statement('Terms of the shop are published'))[0].id\n"
            "    print(json.dumps([said.aspect, said.strength, said.weaker_than, first]))\n"
        )
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=True,
        )

    def test_they_are_found(self, tmp_path: Path) -> None:
        done = self.words(
            tmp_path,
            "shop.terms:\n  phrases: shop terms publish; terms shop\n  strength: there\n  weaker_than: [http.flow]\n",
        )
        assert json.loads(done.stdout) == ["state", "there", ["http.flow"], "shop.terms"]

    @pytest.mark.parametrize(
        ("written", "told"),
        [
            ("phrase: terms", r":2: Unknown key 'phrase'. Did you mean 'phrases'\?"),
            ("phrases: terms\n  aspect: stat", r":3: 'stat' is no aspect. Did you mean 'state'\?"),
            ("phrases: terms\n  strength: strong", r":3: 'strong' is no strength."),
            ("phrases: terms\n  weaker_than: http.flow", r":3: 'weaker_than' must be a list of texts."),
            ("phrases: terms\n  together_with:", r":3: 'together_with' must be a list of texts."),
            ("phrases: terms\n  parameters: [path]", r":3: 'parameters' must map"),
            ("vetoes: terms", r":1: 'shop.terms' has no phrases."),
        ],
    )
    def test_a_mistake_in_them_is_told_by_its_line(self, tmp_path: Path, written: str, told: str) -> None:
        done = self.words(tmp_path, f"shop.terms:\n  {written}\n")
        assert re.search(r"words\.yaml" + told, done.stdout), done.stdout

    def test_one_that_is_no_mapping_is_told(self, tmp_path: Path) -> None:
        assert "'shop.terms' must map" in self.words(tmp_path, "shop.terms: terms\n").stdout


def test_each_aspect_and_strength_is_used() -> None:
    words = all_words().values()
    assert {said.aspect for said in words} == set(ASPECTS)
    assert {said.strength for said in words} - {None} == set(STRENGTHS)
