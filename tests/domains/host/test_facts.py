"""Reading a host: one login, framing that nothing can break, and why a host could not be read."""

from __future__ import annotations

import ipaddress
import os
import re
import resource
import shlex
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import RegistrationError
from pytest_readiness.domains.host import checks, login
from pytest_readiness.domains.host.facts import HostFacts
from pytest_readiness.domains.host.facts import asked as ask_host
from pytest_readiness.domains.host.question import QUESTIONS, Question, Unread
from pytest_readiness.domains.host.questions.clock import CLOCK, milliseconds
from pytest_readiness.domains.host.questions.disk import DISK
from pytest_readiness.domains.host.questions.file import FILE, LINE, SHA256
from pytest_readiness.domains.host.questions.listeners import LISTENERS, Listener, address_of
from pytest_readiness.domains.host.questions.memory import MEMORY
from pytest_readiness.domains.host.questions.service import SERVICE
from pytest_readiness.domains.host.questions.sshd import SSHD
from pytest_readiness.domains.host.questions.system import SYSTEM
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.host.script import _SCRIPT, ANSWER_BYTES, Printed, command
from pytest_readiness.domains.net.connect import CONNECT
from tests.judging import read
from tests.namespace import DEPLOY, namespace
from tests.stack.docker import DockerEngine
from tests.stack.fixtures import SshdFactory
from tests.stack.process import descendants, free_port, program_of, wait_until
from tests.stack.programs import program
from tests.stack.silent import SilentServer
from tests.stack.sshd import Sshd

LOCAL = Host(name="local", connection="local://")
PROGRAMS = [
    "sh",
    "od",
    "tr",
    "cat",
    "timeout",
    "setsid",
    "sleep",
    "stat",
    "grep",
    "sed",
    "cut",
    "uname",
    "id",
    "sha256sum",
]
STRANGE = [
    "plain",
    "two words",
    "quotes ' and \" and `id`",
    "$HOME $(touch /tmp/never) ; & | > < * ? [a] \\ \\n %s",
    "new\nline\n@\n=0;\n@readiness\n",
    "ünïcödé ✓",
    "-n",
]


def _facts(host: Host, *questions: str) -> HostFacts:
    found = read("host_facts", host, {"host_facts": questions})
    assert isinstance(found, HostFacts)
    return found


def _over(sshd: Sshd, **changes: object) -> Host:
    return Host.model_validate({"name": "web", "connection": sshd.spec, "ssh_config": sshd.ssh_config, **changes})


def test_any_number_of_questions_is_one_login(sshd_factory: SshdFactory) -> None:
    questions = [FILE(f"/etc/{number}") for number in range(50)]
    with sshd_factory() as sshd:
        facts = _facts(_over(sshd), SYSTEM(), MEMORY(), LISTENERS(), *questions)
        assert sshd.logins() == 1
    assert len(facts.answers) == 53
    assert facts.answer(FILE("/etc/7")).type == "absent"


def test_the_environment_decides_nothing(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a host says does not depend on variables of the runner, neither ssh's nor the shells'."""
    (tmp_path / "noise").write_text("echo noise; exit 7\n")
    (tmp_path / "run").mkdir()
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name, value in {
        "BASH_ENV": str(tmp_path / "noise"),
        "ENV": str(tmp_path / "noise"),
        "CDPATH": str(tmp_path),
        "LC_ALL": "de_DE.UTF-8",
        "LANGUAGE": "de",
        "POSIXLY_CORRECT": "1",
        "GREP_OPTIONS": "-v",
        "TZ": "Asia/Tokyo",
        "SSH_AUTH_SOCK": "/nowhere",
        "SSH_ASKPASS": "/bin/false",
        "SSH_ASKPASS_REQUIRE": "force",
        "DISPLAY": ":0",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"), nowhere),
    }.items():
        monkeypatch.setenv(name, value)
    for host in (LOCAL, _over(sshd)):
        facts = _facts(host, FILE("/etc/passwd"), FILE("/nothing"), CONNECT("127.0.0.1", str(sshd.port)))
        assert facts.answer(FILE("/etc/passwd")).type == "regular file"
        assert facts.answer(FILE("/nothing")).type == "absent"
        assert facts.answer(CONNECT("127.0.0.1", str(sshd.port))).state == "open"


def test_no_ssh_stays_behind(sshd_factory: SshdFactory) -> None:
    with sshd_factory() as sshd:
        config = sshd.ssh_config.read_text()
        sshd.ssh_config.write_text(
            f"{config}  ControlMaster auto\n  ControlPath {sshd.directory}/cm\n  ControlPersist 60\n"
        )
        _facts(_over(sshd), SYSTEM())
        assert "ssh" not in map(program_of, descendants(os.getpid()))


@pytest.fixture(params=["dash", "bash", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The `sh` that local:// finds; with busybox all programs are busybox's."""
    name = str(request.param)
    target = shutil.which(name) or pytest.skip(f"{name} is not installed.")
    directory = tmp_path / "bin"
    directory.mkdir()
    for link in PROGRAMS if name == "busybox" else ["sh"]:
        (directory / link).symlink_to(target)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return name


def test_every_shell_reads_every_path(shell: str, tmp_path: Path) -> None:
    paths = [str(tmp_path / name.replace("/", "_")) for name in STRANGE]
    for number, path in enumerate(paths):
        Path(path).write_text(f"number = {number}\n")
        Path(path).chmod(0o600 + number)
    asked = [
        each
        for number, path in enumerate(paths)
        for each in (FILE(path), SHA256(path), LINE(path, f"number = {number}"))
    ]
    facts = _facts(LOCAL, *asked, DISK("/"), MEMORY(), LISTENERS(), SYSTEM())
    for number, path in enumerate(paths):
        assert facts.answer(FILE(path)).mode == 0o600 + number
        assert facts.answer(LINE(path, f"number = {number}")) == 1
        assert len(facts.answer(SHA256(path))) == 64
    assert facts.answer(MEMORY()).total_bytes > facts.answer(MEMORY()).available_bytes > 0
    assert facts.answer(SYSTEM())[1] == os.uname().nodename
    assert facts.answer(DISK("/"))[0].free_bytes
    assert not Path("/tmp/never").exists()


def test_output_that_is_not_utf8(sshd: Sshd, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Only root may start sshd -T.")
    config = tmp_path / "sshd_config"
    config.write_bytes(b"HostKey %s/host_key\nMatch User caf\xe9\nX11Forwarding no\n" % bytes(sshd.directory))
    blocks = _facts(LOCAL, SSHD(str(config))).answer(SSHD(str(config))).blocks
    assert [block.condition for block in blocks] == ["User caf\\xe9"]


def test_a_question_that_hangs_or_fails_spoils_no_other(sshd: Sshd, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Only root may start sshd -T.")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    asked = [SSHD(str(fifo)), SHA256("/nothing"), FILE("/etc/passwd")]
    facts = _facts(_over(sshd), *asked)
    assert facts.answer(FILE("/etc/passwd")).type == "regular file"
    with pytest.raises(
        CouldNotVerify, match=r"^the effective settings of sshd .*fifo could not be .*: no answer within 10 s$"
    ):
        facts.answer(SSHD(str(fifo)))
    with pytest.raises(
        CouldNotVerify, match=r"^the checksum of /nothing could not be read on ssh://.*is not a regular file$"
    ):
        facts.answer(SHA256("/nothing"))


def test_an_answer_that_is_too_long(declared: None) -> None:
    long = Question("long", "what is long", "yes", str.strip)()
    facts = _facts(LOCAL, long, SYSTEM())
    with pytest.raises(CouldNotVerify, match=f"more than {ANSWER_BYTES} bytes"):
        facts.answer(long)
    assert facts.answer(SYSTEM())


def test_too_many_questions_for_one_command_line() -> None:
    with pytest.raises(CouldNotVerify, match="bytes of questions are too many for one command line"):
        _facts(LOCAL, *(FILE(f"/{number:01000}") for number in range(200)))


def test_what_is_not_a_question_is_an_error_of_who_asks_it() -> None:
    asked: list[Any] = ["rm -rf /", "fil /etc", "file '/etc", "", MEMORY]
    facts = _facts(LOCAL, *asked, SYSTEM())
    assert facts.answer(SYSTEM())
    for question, sentence in zip(
        asked,
        (
            "hosts do not know the question 'rm -rf /'",
            "hosts do not know the question 'fil /etc'. Did you mean 'file'?",
            "hosts do not know the question",
            "hosts do not know the question ''",
            "the question 'memory' is not called; write () behind its name",
        ),
        strict=True,
    ):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            facts.answer(question)
        # The plan says so before anything is read.
        with pytest.raises(ValueError, match=re.escape(sentence)):
            ask_host(LOCAL, [SYSTEM(), question])


@pytest.mark.parametrize("noise", ["root@", "@readiness", "=0;", "Last login: never"])
def test_what_a_login_prints_meanwhile_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, noise: str
) -> None:
    """Something that a login file starts prints all the time."""
    login, shell = tmp_path / "sh", shutil.which("sh")
    prints = f"while echo '{noise}'; do :; done &"
    login.write_text(f'#!{shell}\nPATH={os.environ["PATH"]}\n{prints}\n{shell} "$@"\nkill $!\n')
    login.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    asked = [FILE("/etc/passwd"), FILE("/nothing/here")]
    # When it prints is its own affair: an answer that it did not meet is the right one.
    with suppress(CouldNotVerify):
        facts = _facts(LOCAL, *asked)
        for question, type in zip(asked, ("regular file", "absent"), strict=True):
            with suppress(CouldNotVerify):
                assert facts.answer(question).type == type


@pytest.mark.parametrize("body", ["sleep 1000 & echo started", "sleep 1000 & exit 3"])
def test_what_a_question_starts_ends_with_it(shell: str, declared: None, body: str) -> None:
    asked = Question("leaves", "what is left", body, str.strip)()
    facts = _facts(LOCAL, asked, SYSTEM())
    assert facts.answer(SYSTEM())
    assert "sleep" not in map(program_of, descendants(os.getpid()))


def test_a_question_that_hangs_holds_up_no_other(shell: str, declared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.host.script._SCRIPT", _SCRIPT.replace("limit:+10", "limit:+1"))
    monkeypatch.setattr("pytest_readiness.domains.host.script.QUESTION_SECONDS", 1)
    hangs = Question("hangs", "what hangs", "sleep 1000", str.strip)()
    ends = Question("ends", "what ends all", 'trap "kill 0" EXIT; echo fine', str.strip)()
    facts = _facts(LOCAL, hangs, ends, SYSTEM())
    assert facts.answer(SYSTEM())
    with pytest.raises(CouldNotVerify, match="what hangs could not be read on local://: no answer within 10 s"):
        facts.answer(hangs)
    with pytest.raises(CouldNotVerify, match="what ends all could not be read"):
        facts.answer(ends)


def test_only_what_is_asked_is_sent() -> None:
    line = command([FILE("/etc/passwd"), FILE("/etc/group"), LINE("/etc/group", "root:.*")], "mark")
    assert line.count("read_file()") == line.count("read_line()") == 1
    for other in ("read_disk", "MemTotal", "/proc/net", "sshd", "chronyc", "crontab"):
        assert other not in line


@pytest.fixture
def declared() -> Iterator[None]:
    """Questions that a test declares are gone after it."""
    before = dict(QUESTIONS)
    yield
    QUESTIONS.clear()
    QUESTIONS.update(before)


def test_a_question_of_another_domain(shell: str, declared: None, tmp_path: Path) -> None:
    def length(text: str) -> int:
        if not text.strip().isdigit():
            raise Unread("no number", unless_told=True)
        return int(text)

    body = """\
[ -e "$1" ] || refuse 3 "there is no $1"
if [ -d "$1" ]; then
    echo "it is a folder" >&2
else
    wc -c <"$1"
fi"""
    size = Question("length", "the length of", body, length)
    path = tmp_path / "a b'c"
    path.write_text("1234567")
    asked = [size(str(path)), size(str(tmp_path)), size("/nothing here")]
    facts = _facts(LOCAL, *asked)
    assert facts.answer(asked[0]) == 7
    for question, reason in ((asked[1], "it is a folder"), (asked[2], "there is no /nothing here")):
        with pytest.raises(CouldNotVerify, match=rf"^the length of /.* could not be read on local://: {reason}$"):
            facts.answer(question)
    with pytest.raises(CouldNotVerify, match=r"^the length of /later could not be read on .*: no answer within 50 s$"):
        facts.answer(size("/later"))


def test_why_nothing_could_be_read(declared: None) -> None:
    def never(_: str) -> None:
        raise Unread("no number", unless_told=True)

    odd = Question("odd", "the odd thing", "true", never)
    for printed, reason in (
        (Printed(0, "x", ""), "no number"),
        (Printed(0, "x", "said so"), "said so"),
        (Printed(2, "x", ""), "exit code 2"),
        (Printed(137, "", ""), "no answer within 10 s"),
    ):
        with pytest.raises(CouldNotVerify, match=f"^the odd thing could not be read on web: {reason}$"):
            HostFacts("web", {"odd": printed}).answer(odd())


def test_a_word_is_one_question(declared: None) -> None:
    with pytest.raises(RegistrationError, match=r"already a question 'file' to hosts, in .*questions\.file"):
        Question("file", "the file", "true", print)
    one = Question("mine", "my thing", "true", print)
    assert Question("mine", "my thing", "true", print) == one
    with pytest.raises(RegistrationError, match="already a question 'mine' to hosts"):
        Question("mine", "my thing", "false", print)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"word": "up time"}, "The question 'up time' to hosts cannot be asked: its word must be one plain word"),
        ({"word": "hello"}, "The question 'hello' to hosts cannot be asked: its word has a meaning of its own."),
        ({"subject": None}, "what it is about must be a text, not None."),
        ({"parse": "int"}, "what reads its answer must be a function, not 'int'."),
        ({"shell": None}, "what the shell runs must be a text, or the path of a file, not None."),
        ({"shell": Path("/nope.sh")}, "the file /nope.sh cannot be read (No such file or directory)."),
        ({"shell": " \n"}, "its text for the shell has nothing in it."),
        ({"shell": "echo a\0b"}, "its text for the shell has a null character in it."),
        ({"shell": "echo 1\nif true"}, "its text for the shell is not what a shell understands (sh: "),
        ({"shell": "echo 1\n}"}, "its text for the shell is not what a shell understands (sh: "),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(declared: None, changes: dict[str, Any], sentence: str) -> None:
    fields: dict[str, Any] = {"word": "mine", "subject": "my thing", "shell": "true", "parse": str, **changes}
    with pytest.raises(RegistrationError, match=re.escape(sentence)):
        Question(**fields)
    assert fields["word"] not in QUESTIONS


def test_a_broken_question_spoils_no_other(
    shell: str, declared: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = {
        "unfinished": 'if true; then echo "1',
        "brace": "echo 1\n}\necho 2",
        "renames": "echo 1\n}\nask() { echo 3; }\nread_file() { echo 4",
        "ends": "exit 0",
        "frames": 'echo "=0;"; echo @; echo "=0;" >&2; exit 7',
        "document": "cat <<END\n$1",
    }
    path = tmp_path / "file"
    path.write_text("x")
    with monkeypatch.context() as without:
        # As if there were no shell here that could look at them.
        without.setenv("PATH", "")
        mine = {word: Question(word, f"the {word}", body, str) for word, body in bodies.items()}
    asked = [question("word") for question in mine.values()]
    facts = _facts(LOCAL, *asked, FILE(str(path)), SYSTEM())
    assert facts.answer(FILE(str(path))).type == "regular file"
    assert facts.answer(SYSTEM())[1] == os.uname().nodename
    for word in ("unfinished", "brace", "frames"):
        with pytest.raises(CouldNotVerify, match=f"^the {word} word could not be read on local://: "):
            facts.answer(mine[word]("word"))
    assert facts.answer(mine["ends"]("word")) == ""


def test_words_that_cannot_be_sent_are_refused() -> None:
    with pytest.raises(ValueError, match="the question 'file' has a null character in its words"):
        FILE("/etc\0")


@pytest.mark.parametrize("broken", ["od", "tr", "timeout"])
def test_a_host_without_a_program(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in PROGRAMS if each != broken]:
        (tmp_path / name).symlink_to(shutil.which(name) or "/nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    if broken == "timeout":
        assert _facts(LOCAL, SYSTEM()).answer(SYSTEM())
    else:
        with pytest.raises(CouldNotVerify, match=f"^the shell of local:// does not do what POSIX says .*{broken}"):
            _facts(LOCAL, SYSTEM())


def test_refused_by_ssh(sshd: Sshd, tmp_path: Path) -> None:
    stranger = Sshd(tmp_path / "other")
    with stranger:
        pass
    config = tmp_path / "config"
    config.write_text(sshd.ssh_config.read_text().replace(str(sshd.identity), str(stranger.identity)))
    with pytest.raises(Unreachable, match=r"^the login at ssh://.* failed: .*Permission denied \(publickey\)$"):
        _facts(_over(sshd, ssh_config=config), SYSTEM())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("Ciphers aes128-cbc", "no matching cipher found. Their offer: aes128-cbc"),
        ("KexAlgorithms diffie-hellman-group1-sha1", "no matching key exchange method found. Their offer: diffie"),
        ("MACs hmac-md5\nCiphers aes128-ctr", "no matching MAC found. Their offer: hmac-md5"),
    ],
)
def test_nothing_in_common_with_ssh(sshd_factory: SshdFactory, settings: str, reason: str) -> None:
    """An old machine, or one that was hardened: ssh counts the reason among what it says by the way."""
    with (
        sshd_factory(config=f"{settings}\nBanner /etc/hostname") as sshd,
        pytest.raises(Unreachable, match=rf"^the login at ssh://\S+ failed: Unable to negotiate with .*: {reason}"),
    ):
        _facts(_over(sshd), SYSTEM())


def test_a_command_of_ones_own_at_each_login(sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"{sshd.ssh_config.read_text()}  RemoteCommand tmux attach\n  RequestTTY force\n")
    assert _facts(_over(sshd, ssh_config=config), SYSTEM()).answer(SYSTEM())


@pytest.mark.parametrize(("session", "ssh"), [("none", "it did not end within 1 s"), ("subsystem", ".*")])
def test_a_session_that_runs_no_command(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: str, ssh: str
) -> None:
    """As tunnels are configured."""
    if session == "none":
        monkeypatch.setattr(login, "SCRIPT_SECONDS", 1)
    config = tmp_path / "config"
    config.write_text(f"{sshd.ssh_config.read_text()}  SessionType {session}\n")
    reason = f"failed: {ssh}; ssh's configuration says SessionType {session} for it, so that no command is run there$"
    with pytest.raises(Unreachable, match=reason):
        _facts(_over(sshd, ssh_config=config), SYSTEM())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [(True, "its host key is no longer the one in known_hosts"), (False, "its host key is not in known_hosts")],
)
def test_another_host_key(sshd: Sshd, tmp_path: Path, changed: bool, reason: str) -> None:
    with Sshd(tmp_path / "other") as other:
        key = (other.directory / "known_hosts").read_text().split(" ", 1)[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {key}" if changed else "")
    config = tmp_path / "config"
    config.write_text(sshd.ssh_config.read_text().replace(f"{sshd.directory}/known_hosts", str(known)))
    with pytest.raises(Unreachable, match=f"^the login at ssh://.* failed: {reason}$"):
        _facts(_over(sshd, ssh_config=config), SYSTEM())


def test_over_another_host(sshd: Sshd, tmp_path: Path) -> None:
    """What the host on the way said is the reason, not that the way is closed."""
    with Sshd(tmp_path / "bastion") as bastion:
        inner = sshd.ssh_config.read_text()
        outer = bastion.ssh_config.read_text()
        config, way, known = tmp_path / "config", tmp_path / "way", tmp_path / "known"

        def why(outer: str) -> str:
            way.write_text(outer)
            config.write_text(
                f"{inner}  ProxyCommand ssh -F {way} -o BatchMode=yes -o LogLevel=ERROR -W %h:%p 127.0.0.1\n"
            )
            with pytest.raises(Unreachable) as caught:
                _facts(_over(sshd, ssh_config=config), SYSTEM())
            return str(caught.value)

        assert "127.0.0.1: Permission denied (publickey); " in why(outer.replace(str(bastion.identity), "/nowhere"))
        known.write_text("")
        assert "failed: the host key of one on the way is not in known_hosts; ssh goes there over ssh -F " in why(
            outer.replace(f"{bastion.directory}/known_hosts", str(known))
        )
        assert "Connection refused" in why(outer.replace(f"Port {bastion.port}", f"Port {free_port()}"))
        config.write_text(f"{inner}  ProxyCommand ssh -F {way} -W %h:%p 127.0.0.1\n")
        way.write_text(outer)
        assert _facts(_over(sshd, ssh_config=config), SYSTEM()).answer(SYSTEM())


def test_a_question_that_is_killed(shell: str, declared: None) -> None:
    killed = Question("killed", "what is killed", "kill -9 $$", str.strip)()
    facts = _facts(LOCAL, killed, SYSTEM())
    assert facts.answer(SYSTEM())
    with pytest.raises(CouldNotVerify, match=r"^what is killed could not be read on .*: it was ended by a signal$"):
        facts.answer(killed)


def test_a_host_that_prints_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, with what it started, before it fills the memory."""
    login, shell = tmp_path / "sh", shutil.which("sh")
    login.write_text(f"#!{shell}\nPATH={os.environ['PATH']}\nyes 'Welcome to the host of endless words.'\n")
    login.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CouldNotVerify, match=r"^local:// printed more than 16 MiB; that is no answer$"):
        _facts(LOCAL, SYSTEM())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    assert "yes" not in map(program_of, descendants(os.getpid()))


@pytest.mark.parametrize(
    "connection",
    [
        "ssh://-oProxyCommand=id",
        "ssh://%2doProxyCommand=id",
        "ssh://a@-oProxyCommand=id@web",
        "ssh://%2DoProxyCommand=id@web",
        "ssh://web%20-oProxyCommand=id",
        "ssh://web%0a",
        "ssh://$(id)",
        "ssh://a%60id%60@web",
        "ssh://web?timeout=soon",
        "docker://-x",
        "docker://root@-x@web",
    ],
)
def test_a_connection_that_would_be_more_than_names(connection: str) -> None:
    with pytest.raises(ValidationError, match=r"is no name of a user or host|as a number of seconds"):
        Host(name="web", connection=connection)


@pytest.mark.parametrize("engine", ["ssh://-oProxyCommand=id", "ssh://-l@web", "ssh://%2doX=y", "ssh://a@b@web"])
def test_an_engine_that_would_be_more_than_names(engine: str) -> None:
    with pytest.raises(ValidationError, match="is no name of a user or host"):
        Host(name="web", connection="docker://web", engine=engine)


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ("local://web1", "is this machine, whatever it names: write local://, or ssh:// and the host"),
        ("local:///web1", "is this machine, whatever it names"),
        ("ssh://web1/srv", "has more than a user, a host and a port"),
        ("ssh://web1#srv", "has more than a user, a host and a port"),
        ("docker://web/../db", "has more than a user, a host and a port"),
    ],
)
def test_a_connection_that_says_more_than_is_heeded(connection: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Host(name="web", connection=connection)


@pytest.mark.parametrize(
    ("connection", "seen_at"),
    [
        ("ssh://jo%40corp@web", "web"),
        ("ssh://CORP%5Cjo@web_1.example.com:22?timeout=3", "web_1.example.com"),
        ("ssh://[fe80::1%25eth0]", "fe80::1%eth0"),
        ("ssh://ho%73t", "host"),
        ("docker://root@web-1", None),
    ],
)
def test_connections(connection: str, seen_at: str | None) -> None:
    assert Host(name="web", connection=connection).seen_at == seen_at


def test_a_host_that_never_greets(sshd: Sshd) -> None:
    with SilentServer() as server:
        connection = f"ssh://root@127.0.0.1:{server.port}?timeout=1"
        with pytest.raises(Unreachable, match=r"failed: .*timed out"):
            _facts(_over(sshd, connection=connection), SYSTEM())


@pytest.mark.parametrize(
    ("shell", "reason"),
    [
        ("/bin/false", "exit code 1, and nothing was run: its login shell, or a file that this reads"),
        ("/usr/sbin/nologin", "This account is currently not available"),
    ],
)
def test_a_login_shell_that_lets_nobody_in(sshd: Sshd, tmp_path: Path, shell: str, reason: str) -> None:
    setup = f"sed s,/bin/sh$,{shell}, passwd >changed; cat changed >passwd"
    with (
        namespace(tmp_path, setup=setup, sshd=sshd) as machine,
        pytest.raises(Unreachable, match=f"^the login at ssh://deploy@inside failed: {reason}"),
    ):
        _facts(machine.host(user=DEPLOY), SYSTEM())


@pytest.mark.parametrize("shell", ["tcsh", "fish"])
def test_a_login_shell_of_another_kind(sshd: Sshd, tmp_path: Path, shell: str) -> None:
    """They read other things than sh does within quotes."""
    setup = f"sed s,/bin/sh$,{program(shell)}, passwd >changed; cat changed >passwd\n"
    path = "/run/a!b'c\\d"
    setup += f"umask 022; echo ok=1! >{shlex.quote(path)}"
    asked = [SYSTEM(), FILE(path), LINE(path, "ok\\=1!"), FILE(f"{path}\\n"), DISK("/")]
    with namespace(tmp_path, setup=setup, sshd=sshd) as machine:
        facts = _facts(machine.host(user=DEPLOY), *asked)
    assert facts.answer(SYSTEM())[0] == DEPLOY
    assert [facts.answer(each).type for each in (asked[1], asked[3])] == ["regular file", "absent"]
    assert facts.answer(asked[2]) == 1
    assert facts.answer(asked[4])


def test_a_login_over_a_host_that_the_target_drops(sshd: Sshd, tmp_path: Path) -> None:
    """ssh says only that nobody greets; which host is on the way stands in its configuration."""
    config = tmp_path / "config"
    config.write_text(f"{sshd.ssh_config.read_text()}  ProxyCommand sleep 5\n")
    with pytest.raises(Unreachable, match=r"timed out.*; ssh goes there over sleep 5$"):
        _facts(_over(sshd, connection=f"{sshd.spec}?timeout=1", ssh_config=config), SYSTEM())


def test_a_host_that_goes_away_meanwhile(sshd: Sshd, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with namespace(tmp_path, sshd=sshd) as machine:
        machine.run("mkfifo", "/run/fifo")
        host = machine.host()

        def kill() -> None:
            def waiting() -> bool:
                return "sshd -T" in machine.run("ps", "axo", "args")

            wait_until(waiting, "the question is asked")
            os.kill(machine.pid, 9)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(CouldNotVerify, match="stopped after 1 of 2 answers") as caught:
            _facts(host, FILE("/etc/passwd"), SSHD("/run/fifo"))
        killer.join()
    assert caught.value.transient


@pytest.fixture
def engine(docker_engine: DockerEngine) -> DockerEngine:
    program("docker")
    return docker_engine


def test_a_container(engine: DockerEngine) -> None:
    container = engine.run("facts-host", hostname="inside")
    try:
        facts = _facts(
            Host(name="web", connection="docker://facts-host", engine=engine.base_url), SYSTEM(), LISTENERS()
        )
    finally:
        container.remove(force=True)
    assert facts.answer(SYSTEM())[:2] == ("root", "inside")
    assert facts.answer(LISTENERS()) == ()


def test_an_unknown_container(engine: DockerEngine) -> None:
    with pytest.raises(Unreachable, match=r"^the login at docker://nosuch failed: .*No such container: nosuch$"):
        _facts(Host(name="web", connection="docker://nosuch", engine=engine.base_url), SYSTEM())


def test_no_engine() -> None:
    program("docker")
    with pytest.raises(Unreachable, match="Cannot connect to the Docker daemon"):
        _facts(Host(name="web", connection="docker://nosuch", engine="unix:///nowhere/docker.sock"), SYSTEM())


def test_the_environment_names_no_engine(engine: DockerEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "elsewhere"}')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    container = engine.run("facts-declared", hostname="inside")
    try:
        for variable in (engine.base_url, "unix:///nowhere/docker.sock"):
            monkeypatch.setenv("DOCKER_HOST", variable)
            declared = Host(name="web", connection="docker://facts-declared", engine=engine.base_url)
            assert _facts(declared, SYSTEM()).answer(SYSTEM())[1] == "inside"
            with pytest.raises(Unreachable, match=r"/var/run/docker\.sock|No such container"):
                _facts(Host(name="web", connection="docker://facts-declared"), SYSTEM())
    finally:
        container.remove(force=True)


def test_an_agent_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("HOSTALIASES", "/run/aliases")
    printed = login.run(Host(name="web", connection="local://"), "env").stdout_bytes.decode()
    assert "SSH_AUTH_SOCK=/run/agent\n" in printed
    assert "HOSTALIASES" not in printed


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"connection": "ssh://web1", "engine": "tcp://engine:2375"}, "begins with docker://"),
        ({"address": "web1", "certs": "certs"}, "begins with docker://"),
        ({"connection": "docker://web", "certs": "certs"}, "the engine that 'engine' names"),
    ],
)
def test_an_engine_is_for_containers(fields: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Host.model_validate({"name": "web", **fields})


@pytest.mark.parametrize(
    ("text", "little", "address"),
    [
        ("0100007F", True, "127.0.0.1"),
        ("7F000001", False, "127.0.0.1"),
        ("00000000000000000000000001000000", True, "::1"),
        ("0000000000000000FFFF00000100007F", True, "::ffff:127.0.0.1"),
        ("B80D0120000000000000000001000000", True, "2001:db8::1"),
        ("20010DB8000000000000000000000001", False, "2001:db8::1"),
    ],
)
def test_addresses_in_the_byte_order_of_the_host(text: str, little: bool, address: str) -> None:
    assert address_of(text, little=little) == str(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("::ffff:10.0.0.1", False), ("::", False)],
)
def test_loopback(address: str, loopback: bool) -> None:
    assert Listener(address, 1, "").loopback is loopback


def test_time_spans_of_systemd() -> None:
    spans = {"-1.234ms": 1.234, "+45us": 0.045, "1min 2.5s": 62500.0, "": None, "n/a": None}
    assert {text: milliseconds(text) for text in spans} == pytest.approx(spans)


TRACKING = "7F000001,10.0.0.1,4,1796009453.8,0.000012,0.0,0.0,0.0,0.0,0.0,0.020,0.004,64.1,Normal"


@pytest.mark.parametrize(
    ("sources", "silence"),
    [
        ("^,*,10.0.0.1,3,6,377,60,0.0,0.0,0.0", ""),
        ("^,*,10.0.0.1,3,6,376,64,0.0,0.0,0.0", ""),
        ("^,*,10.0.0.1,3,4,360,75,0.0,0.0,0.0", "its last answer came 75 s ago, though it is asked every 16 s"),
        ("^,*,10.0.0.1,3,6,370,200,0.0,0.0,0.0", "it answered none of the last 3 polls"),
        ("^,*,10.0.0.1,3,6,377,900,0.0,0.0,0.0", "its last answer came 900 s ago, though it is asked every 64 s"),
        ("^,?,10.0.0.1,3,6,0,4294967295,0.0,0.0,0.0", "none of its sources can be used now"),
        ("^,?,10.0.0.1,3,-6,0,1,0.0,0.0,0.0", ""),
        ("^,x,10.0.0.1,3,6,377,1,0.0,0.0,0.0", "none of its sources can be used now"),
        ("#,*,PPS0,0,4,377,11,0.0,0.0,0.0\n^,?,10.0.0.2,0,6,0,4294967295,0.0,0.0,0.0", ""),
    ],
)
def test_silence_of_chronys_source(sources: str, silence: str) -> None:
    clock = CLOCK.parse(f"{TRACKING}\n{sources}\n")
    assert (clock.synchronised, clock.silence, clock.heard) == (True, silence, True)
    assert clock.known_to_ms == pytest.approx(14)


def test_a_clock_that_only_the_kernel_calls_synchronised() -> None:
    """As after `timedatectl set-ntp false`; where systemd knows no service to follow a source, another may."""
    with pytest.raises(Unread, match=r"the service that follows a time source is off \(NTP=no\)"):
        CLOCK.parse("NTPSynchronized=yes\nCanNTP=yes\nNTP=no\nNow=1\n")
    assert not CLOCK.parse("NTPSynchronized=no\nCanNTP=yes\nNTP=no\nNow=1\n").synchronised
    assert CLOCK.parse("NTPSynchronized=yes\nCanNTP=no\nNTP=no\nNow=1\n").synchronised
    assert CLOCK.parse("NTPSynchronized=yes\nCanNTP=yes\nNTP=yes\nNow=1\n").synchronised


@pytest.mark.parametrize(("now", "silence"), [("16:20:00", ""), ("20:00:00", "its last answer came 13526 s ago")])
def test_silence_of_timesyncds_source(now: str, silence: str) -> None:
    message = "{ Leap=0, Stratum=2, DestinationTimestamp=Tue 2026-05-26 16:14:34 UTC, Ignored=no PacketCount=38 }"
    seconds = int(datetime.fromisoformat(f"2026-05-26T{now}+00:00").timestamp())
    status = "       Server: 10.0.0.1 (ntp.example.com)\n       Offset: +1.5ms\n"
    poll = f"PollIntervalUSec=34min 8s\nNTPMessage={message}\n"
    clock = CLOCK.parse(f"NTPSynchronized=yes\n{status}{poll}Now={seconds}\n")
    assert (clock.offset_ms, clock.heard, clock.silence.partition(",")[0]) == (1.5, True, silence)
    assert not CLOCK.parse(f"NTPSynchronized=yes\n{status}Now={seconds}\n").heard


@pytest.mark.parametrize(("restarts", "since", "settled"), [(0, 5, True), (3, 5, False), (3, 5000, True)])
def test_a_service_that_systemd_restarted(restarts: int, since: int, settled: bool) -> None:
    unit = SERVICE.parse(
        "Id=a.service\nType=simple\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
        f"NRestarts={restarts}\nActiveEnterTimestampMonotonic=1000000\nUptime={since + 1}.00\n"
    )
    assert (unit.restarts, unit.since_seconds) == (restarts, since)
    assert checks._running(unit) is settled
