"""Who asks. In: an Authorization header. Out: the owner whose things may be seen, within their rate.

Keys are random and kept as SHA-256, so the database gives none away. Without any key the server is
this machine's own (it then refuses to listen elsewhere) and everything belongs to `local`.
"""

import hashlib
import secrets
import threading
import time
import uuid

from sqlalchemy import insert, select, update

from kinora.serve.errors import ApiError
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.table import keys

LOCAL = "local"
PREFIX = "sk-kinora-"
CACHE_SECONDS = 5.0


def digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_key(database: Database, *, name: str) -> str:
    """Make a key; it is shown this once."""
    key = PREFIX + secrets.token_urlsafe(32)
    row = {
        "id": f"key_{uuid.uuid4().hex}",
        "name": name,
        "hash": digest(key),
        "created_at": time.time(),
        "revoked": False,
    }
    with database.write() as connection:
        connection.execute(insert(keys).values(row))
    return key


def revoke_key(database: Database, *, name: str) -> bool:
    """Make every key of that name useless; False if there was none."""
    with database.write() as connection:
        changed = connection.execute(
            update(keys).where(keys.c.name == name, keys.c.revoked.is_(False)).values(revoked=True)
        )
        return changed.rowcount > 0


def any_key(database: Database) -> bool:
    """Whether there is a key that works."""
    with database.read() as connection:
        found = connection.execute(select(keys.c.id).where(keys.c.revoked.is_(False)).limit(1))
        return found.first() is not None


class Keys:
    """Tells owners by their key, and how fast each of them asks.

    Args:
        database: of the keys.
        key: one more key that is not in the database, whose owner is `local`.
        per_minute: requests of one owner.
    """

    def __init__(self, database: Database, *, key: str | None, per_minute: int) -> None:
        self._database, self._per_minute = database, per_minute
        self._own = digest(key) if key else None
        self._guard = threading.Lock()
        self._known: dict[str, tuple[str, float]] = {}
        self._room: dict[str, tuple[float, float]] = {}
        self.open = self._own is None and not any_key(database)

    def owner(self, authorization: str | None) -> str:
        """The owner.

        Raises:
            ApiError: 401 for a missing or wrong key, 429 for too many requests.
        """
        owner = LOCAL if self.open else self._identify(authorization)
        self._spend(owner)
        return owner

    def _identify(self, authorization: str | None) -> str:
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ApiError(401, "Send your key: Authorization: Bearer sk-...", code="missing_key")
        hashed = digest(key.strip())
        if self._own is not None and secrets.compare_digest(hashed, self._own):
            return LOCAL
        owner = self._look_up(hashed)
        if owner is None:
            raise ApiError(401, "This key is not valid", code="invalid_api_key")
        return owner

    def _look_up(self, hashed: str) -> str | None:
        now = time.monotonic()
        with self._guard:
            owner, seen = self._known.get(hashed, ("", 0.0))
        if owner and now - seen < CACHE_SECONDS:
            return owner
        with self._database.read() as connection:
            found = connection.execute(
                select(keys.c.id).where(keys.c.hash == hashed, keys.c.revoked.is_(False))
            ).scalar_one_or_none()
        with self._guard:
            self._known.pop(hashed, None)
            if found is not None:
                self._known[hashed] = (str(found), now)
        return found

    def _spend(self, owner: str) -> None:
        """A bucket of one minute's requests that fills evenly."""
        now, rate = time.monotonic(), self._per_minute / 60
        with self._guard:
            room, seen = self._room.get(owner, (float(self._per_minute), now))
            room = min(float(self._per_minute), room + (now - seen) * rate)
            self._room[owner] = (room - 1 if room >= 1 else room, now)
        if room < 1:
            wait = max(1, round((1 - room) / rate))
            raise ApiError(429, "Too many requests", code="rate_limit_exceeded", retry_after=wait)
