"""A real Postgres, and workers that share it as other machines would. In: folders. Out: processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import PROGRAM, Served, environment, free_port, until

UNPRIVILEGED = "nobody"


class Postgres:
    """A cluster of its own in a folder; it refuses to run as root, so root hands it to `nobody`.

    Args:
        folder: its own.
        programs: where they are.
        address: of this machine that others reach it at.
    """

    def __init__(self, folder: Path, programs: Path, *, address: str = "127.0.0.1") -> None:
        self.folder, self.programs, self.port = folder, programs, free_port()
        self.address = address
        self.url = f"postgresql://kinora@{address}:{self.port}/postgres"

    def create(self) -> None:
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED)
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "kinora", "-A", "trust", "--no-sync")
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self.address}/24 trust\n")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -h {self.address} -c fsync=off"
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start"
        )

    def stop(self) -> None:
        # Not by pg_ctl, which waits for the process to be reaped; a container may have nobody to.
        note = self.folder / "data" / "postmaster.pid"
        os.kill(int(note.read_text().splitlines()[0]), signal.SIGINT)
        until(lambda: not note.exists(), what="the database to end")

    def _run(self, program: str, *words: str) -> None:
        user = ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(
            [*user, str(self.programs / program), *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )


def installed() -> Path | None:
    """Where the programs of Postgres are."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/bin"), Path("/usr/bin")]
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def running(programs: Path, *, address: str = "127.0.0.1") -> Iterator[Postgres]:
    """A cluster that is started, and stopped in the end."""
    # Not below a folder of pytest's own, which every new session closes to other users.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        database = Postgres(Path(folder) / "cluster", programs, address=address)
        database.create()
        try:
            yield database
        finally:
            database.stop()


def worker(
    name: str,
    server: Served,
    model: Path,
    database: str,
    *,
    attempts: int = 3,
    within: tuple[str, ...] = (),
) -> "subprocess.Popen[bytes]":
    """A worker as on another machine: its own folder, nothing shared but database and store.

    Args:
        name: of the worker.
        server, model, database: what it works for, with and on.
        attempts: as in the settings.
        within: words before the command, that put it on a network of its own.
    """
    settings = ("--set=checkpoint_seconds=0.2", f"--set=attempts={attempts}")
    words = {"--name": name, "--model": model, "--database": database}
    words |= {"--data": server.data / name, "--store": f"file://{server.data / 'store'}"}
    flat = [str(word) for pair in words.items() for word in pair]
    with (server.data / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [*within, sys.executable, "-c", PROGRAM, "worker", *flat, *settings],
            env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
