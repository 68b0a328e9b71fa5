"""A private Docker engine in namespaces of its own, which take everything with them when they end."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any, Self

from tests.stack.patience import patient
from tests.stack.process import ask, children, running, short_directory, wait_until
from tests.stack.programs import program, unavailable

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container
    from docker.models.images import Image

IMAGE = "readiness-test:1"
PASSWD = b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
REGISTRY = "127.0.0.1:5000"


class DockerEngine:
    """``with DockerEngine() as engine:`` a dockerd with one image, `IMAGE`: a static busybox.

    dockerd is process 1 of its own process, mount and network namespaces: it cannot touch the host's network,
    and the kernel ends its containers and mounts with it. Published ports are reachable only in there.
    """

    def __init__(self, *, busybox: bool = False) -> None:
        """
        Args:
            busybox: its host's ps is that of BusyBox, as on Alpine Linux and in the image docker:dind.
        """
        self.busybox = busybox

    def __enter__(self) -> Self:
        import docker

        if os.geteuid() != 0:
            unavailable("A Docker engine needs root.")
        with ExitStack() as stack:
            self.directory = stack.enter_context(short_directory())
            self._namespaces = stack.enter_context(self._running())
            self._client = docker.DockerClient(base_url=self.base_url, timeout=int(patient(30)))
            stack.callback(self._client.close)
            self.image(IMAGE)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    @property
    def base_url(self) -> str:
        """For docker-py's ``base_url`` and for the environment variable ``DOCKER_HOST``."""
        return f"unix://{self.directory}/docker.sock"

    def client(self) -> docker.DockerClient:
        """The engine's own docker-py client, which it closes at the end."""
        return self._client

    def run(self, name: str, *, image: str = IMAGE, **options: Any) -> Container:
        """Start a container that sleeps.

        Args:
            name: at least two characters, unique in the engine.
            image: tag of an image in the engine.
            options: docker-py's for ``containers.run``: user, mem_limit, restart_policy, healthcheck …
        """
        command = options.pop("command", ["sleep", "1000000"])
        return self._client.containers.run(image, command, name=name, detach=True, **options)

    def remove_containers(self) -> None:
        """Remove all containers, running or not, with their anonymous volumes."""
        for container in self._client.containers.list(all=True):
            container.remove(force=True, v=True)

    def image(self, tag: str, *changes: str, files: Mapping[str, bytes] | None = None) -> Image:
        """Make an image of the busybox root file system.

        Args:
            tag: ``repository:tag``.
            changes: Dockerfile instructions that need no build: CMD, ENV, EXPOSE, HEALTHCHECK, LABEL, USER …
            files: content of further files by path.
        """
        repository, name = tag.rsplit(":", 1)
        self._client.api.import_image_from_data(_root_file_system(files or {}), repository, name, list(changes))
        return self._client.images.get(tag)

    def publish(self, tag: str) -> str:
        """Push an image to a registry, so that it has a digest, and return it as ``repository@sha256:…``.

        The registry (`REGISTRY`, in the engine's network namespace) lives during the push only.
        """
        image = self._client.images.get(tag)
        repository, name = f"{REGISTRY}/{tag}".rsplit(":", 1)
        image.tag(repository, name)
        digests: list[str] = []

        def pushed() -> bool:
            # On a busy machine the engine may give up on a registry that is only just up.
            self._client.api.push(repository, name)
            image.reload()
            digests[:] = [each for each in image.attrs["RepoDigests"] if each.startswith(f"{repository}@")]
            return bool(digests)

        with self._registry():
            wait_until(pushed, f"{tag} is pushed")
        return digests[0]

    @contextmanager
    def _running(self) -> Iterator[Popen[bytes]]:
        configuration = self.directory / "daemon.json"
        configuration.write_text("{}")
        cgroup = self.directory.name
        dockerd = [
            *(program("dockerd"), "--config-file", configuration, "--host", self.base_url),
            *("--data-root", self.directory / "data", "--exec-root", self.directory / "exec"),
            *("--pidfile", self.directory / "pid"),
            *("--cgroup-parent", f"/{cgroup}", "--exec-opt", "native.cgroupdriver=cgroupfs"),
        ]
        for each in ("docker", "iptables"):
            program(each)
        # containerd, when slow to start, dumps its stacks into the temporary directory.
        environment = f"TMPDIR={self.directory}"
        if self.busybox:
            programs = self.directory / "bin"
            programs.mkdir()
            programs.joinpath("ps").symlink_to(program("busybox"))
            environment += f" PATH={programs}:$PATH"
        start = f"{program('ip')} link set lo up && exec env {environment} {shlex.join(map(str, dockerd))}"
        namespaces = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net", "--ipc", "--uts"]
        try:
            with running(
                [program("unshare"), *namespaces, "sh", "-c", start],
                log=self.directory / "log",
                ready=self._answers,
                stop=signal.SIGKILL,
                seconds=60,
            ) as process:
                try:
                    yield process
                finally:
                    _thaw(cgroup)
        finally:
            _remove_cgroups(cgroup)

    def _answers(self) -> bool:
        return ask(self.directory / "docker.sock", b"GET /_ping HTTP/1.0\r\n\r\n").endswith(b"\nOK")

    @contextmanager
    def _registry(self) -> Iterator[None]:
        configuration = self.directory / "registry.yml"
        configuration.write_text(
            f"{{version: 0.1, storage: {{filesystem: {{rootdirectory: {self.directory}/registry}}}},"
            f" http: {{addr: '{REGISTRY}'}}}}"
        )
        log = self.directory / "registry.log"
        (dockerd,) = children(self._namespaces.pid)
        with running(
            [
                *(program("nsenter"), f"--net=/proc/{dockerd}/ns/net"),
                *(program("docker-registry"), "serve", configuration),
            ],
            log=log,
            ready=lambda: "listening on" in log.read_text(),
        ):
            yield


def _root_file_system(files: Mapping[str, bytes]) -> bytes:
    busybox = program("busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for directory in ("bin", "etc", "tmp"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        everything = {"bin/busybox": busybox.read_bytes(), "etc/passwd": PASSWD, **files}
        for path, content in everything.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(content))
        for applet in applets:
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            if applet != "busybox":
                tar.addfile(entry)
    return archive.getvalue()


def _thaw(name: str) -> None:
    """Let what is frozen in a control group go on, as a paused container is: nothing frozen can be ended."""
    root = Path("/sys/fs/cgroup")
    for pattern, thawed in (f"freezer/{name}/**/freezer.state", "THAWED"), (f"{name}/**/cgroup.freeze", "0"):
        for state in root.glob(pattern):
            # The group of one that ends just now is gone.
            with suppress(OSError):
                state.write_text(thawed)


def _remove_cgroups(name: str) -> None:
    """Remove a control group and those below it, in every hierarchy of version 1 and in version 2."""
    for top in (*Path("/sys/fs/cgroup").glob(f"*/{name}"), Path("/sys/fs/cgroup", name)):
        for directory, _, _ in os.walk(top, topdown=False):
            Path(directory).rmdir()
