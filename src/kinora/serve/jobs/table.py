"""The tables. `videos` is the truth that the API answers from; the engine's own tables never leak out."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

LIVE = ("queued", "dispatched", "paused", "cancelling")
ENDED = ("done", "failed", "cancelled")

_Number = BigInteger().with_variant(Integer, "sqlite")

videos = Table(
    "videos",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("owner", String(64), nullable=False),
    Column("idempotency", String(255)),
    Column("digest", String(64)),
    Column("batch", String(64)),
    Column("wish", JSON, nullable=False),
    Column("model", String(255), nullable=False),
    Column("remixed_from", String(64)),
    Column("notes", JSON, nullable=False, default=list),
    Column("priority", Integer, nullable=False, default=0),
    Column("rank", Float, nullable=False),
    Column("state", String(16), nullable=False, default="queued"),
    Column("want", String(8), nullable=False, default="run"),
    Column("generation", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(64)),
    Column("stage", String(16)),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("progress", Integer, nullable=False, default=0),
    Column("eta", Float),
    Column("hold_until", Float, nullable=False, default=0.0),
    Column("error_code", String(64)),
    Column("error_message", Text),
    Column("artefact", JSON),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("completed_at", Float),
    Column("expires_at", Float),
    UniqueConstraint("owner", "idempotency"),
    Index("videos_by_owner", "owner", "seq"),
    Index("videos_by_turn", "state", "priority", "rank"),
    Index("videos_by_batch", "batch"),
    # A row number that was given out is never given out again, or a page would repeat a film.
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("video", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", Float, nullable=False),
    Index("events_by_video", "video", "seq"),
    sqlite_autoincrement=True,
)

characters = Table(
    "characters",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("created_at", Float, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("file", String(64), nullable=False),
    Column("lines", JSON, nullable=False),
    Column("metadata", JSON),
    Column("created_at", Float, nullable=False),
    Column("cancelled_at", Float),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(255), nullable=False),
    Column("types", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("webhooks_by_owner", "owner"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("webhook", String(64), nullable=False),
    Column("type", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False, default="waiting"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Float, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("created_at", Float, nullable=False),
    Column("delivered_at", Float),
    Index("deliveries_by_turn", "state", "next_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("model", String(255), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("seen_at", Float, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
)
