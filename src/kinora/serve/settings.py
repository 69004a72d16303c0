"""What a server and its workers are told at their start. In: flags, environment, TOML. Out: one value."""

import os
from pathlib import Path

from pydantic import Field

from kinora.core.config import Config

MEBIBYTE = 1 << 20
WORKER_VARIABLE = "KINORA_WORKER_SETTINGS"
"""How a server hands its settings to a worker process: as JSON, out of sight of other users."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def default_data() -> Path:
    """Where films are kept unless something else is said."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "kinora" / "serve"


class Settings(Config):
    """Everything a server can be told; workers get the same value.

    Args:
        data: folder of the database, the store and scratch files.
        database: database URL (`postgresql://...`); SQLite in `data` by default.
        store: folder or fsspec URL (`s3://bucket/films`) of the artefacts; in `data` by default.
        model: name, folder or hub id of the model.
        host, port: where to listen.
        workers: worker processes started by this server; 0 leaves the work to `kinora worker`.
        key: the API key asked of every client; further keys live in the database.
        max_upload_bytes, max_upload_pixels, max_upload_seconds: the most one upload may be.
        sandbox_seconds, sandbox_bytes: processor time and memory for decoding one upload.
        max_seconds: the longest film, extensions included.
        max_pixels: pictures with more pixels are made smaller and enlarged; 0 picks a size from
            the model.
        max_queued, max_running: jobs that one key may have waiting, and at work (0: no limit).
        requests_per_minute: of one key.
        retention_hours: films are removed this long after they were finished; 0 keeps them.
        disk_budget_bytes: new jobs are refused while the store holds more; 0 is no limit.
        attempts: how often a job may take down its worker at one spot before it is failed.
        checkpoint_seconds: work that a kill may cost while a film is dreamt.
        preview_seconds: between two pictures of what is being made, in the events; 0 is none.
        image_url: whether pictures may be named by URL.
        private_urls: whether `image_url` and webhooks may point into private networks.
        provenance: whether films are signed (C2PA) and carry the watermark.
        blocked_words: prompts holding one of these are refused.
        policy: `module:Class` that decides in place of the built-in policy.
    """

    data: Path = Field(default_factory=default_data)
    database: str | None = None
    store: str | None = None
    model: str = "kinora-tiny-few"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=0, le=64)
    key: str | None = None
    max_upload_bytes: int = 256 * MEBIBYTE
    max_upload_pixels: int = 8192 * 4320
    max_upload_seconds: float = 120.0
    sandbox_seconds: float = 30.0
    sandbox_bytes: int = 2048 * MEBIBYTE
    max_seconds: float = 120.0
    max_pixels: int = 0
    max_queued: int = 2000
    max_running: int = 0
    requests_per_minute: int = 30_000
    retention_hours: float = 7 * 24
    disk_budget_bytes: int = 0
    attempts: int = Field(default=3, ge=1)
    checkpoint_seconds: float = 2.0
    preview_seconds: float = Field(default=2.0, ge=0)
    image_url: bool = False
    private_urls: bool = False
    provenance: bool = True
    blocked_words: tuple[str, ...] = ()
    policy: str | None = None

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy names it."""
        if not self.database:
            return f"sqlite:///{self.data.resolve() / 'kinora.sqlite'}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database.startswith(scheme):
                return "postgresql+psycopg://" + self.database.removeprefix(scheme)
        return self.database

    @property
    def store_url(self) -> str:
        """Folder or URL of the artefacts."""
        return self.store or str(self.data.resolve() / "store")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK
