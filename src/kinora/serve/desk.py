"""Where jobs are taken. In: checked requests of an owner. Out: rows that exist before anybody works on them."""

import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import UploadFile

from kinora.core.prompt import check_prompt
from kinora.prompt.names import mentioned
from kinora.serve.errors import ApiError
from kinora.serve.jobs import rows
from kinora.serve.jobs.announce import record
from kinora.serve.jobs.artefacts import folder
from kinora.serve.jobs.database import Database
from kinora.serve.jobs.rows import Video
from kinora.serve.jobs.table import LIVE, characters, videos
from kinora.serve.jobs.wish import Role, Wish
from kinora.serve.policy import Policy
from kinora.serve.settings import Settings
from kinora.serve.sizes import ModelCard
from kinora.serve.store import Store
from kinora.serve.turns import Turns
from kinora.serve.uploads import Uploads
from kinora.serve.wire import Extras

USAGE_SECONDS = 15.0
RETRY_SECONDS = 10
ROLE = "characters/{}/role.json"


class Desk:
    """Takes jobs: checks them, keeps their files, writes the row.

    Args:
        database, store: where rows and files go.
        settings: limits.
        card: of the model.
        uploads: decodes what is handed in.
        policy: may refuse.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        settings: Settings,
        card: ModelCard,
        uploads: Uploads,
        policy: Policy,
    ) -> None:
        self.database, self.store, self.settings = database, store, settings
        self.card, self.uploads, self.policy = card, uploads, policy
        self.turns = Turns(database)
        self._usage = (0, -USAGE_SECONDS)

    def find(self, owner: str, video: str) -> Video:
        """The owner's film; `ApiError` 404 for any other id."""
        with self.database.read() as connection:
            row = rows.find(connection, video)
        if row is None or row.owner != owner or row.want == "delete":
            raise ApiError(404, f"No video with id '{video[:80]}'", code="not_found", param="id")
        return row

    def finished(self, owner: str, video: str) -> Video:
        """The owner's finished film; `ApiError` 400 for one that is not."""
        row = self.find(owner, video)
        if row.state != "done":
            message = f"Video '{video}' is not completed"
            raise ApiError(400, message, code="video_not_completed", param="video")
        return row

    def character(self, owner: str, name: str) -> Any:
        """The owner's character; `ApiError` 404 for any other id."""
        with self.database.read() as connection:
            row = connection.execute(
                select(characters).where(characters.c.id == name, characters.c.owner == owner)
            ).one_or_none()
        if row is None:
            raise ApiError(404, f"No character with id '{name[:80]}'", code="not_found", param="id")
        return row

    def called(self, owner: str, prompts: Sequence[str]) -> list[Any]:
        """The owner's characters that these prompts name; of two with one name, the newer."""
        oldest = select(characters).where(characters.c.owner == owner)
        with self.database.read() as connection:
            found = connection.execute(oldest.order_by(characters.c.created_at)).all()
        known = {row.name.lower(): row for row in found}
        return [known[name] for name in mentioned("\n".join(prompts), known)]

    def keep_role(self, character: str, role: Role) -> None:
        """Write down what a character is, beside its pixels."""
        scratch = self.settings.data / "scratch" / "uploads"
        self.store.put_bytes(
            ROLE.format(character), role.model_dump_json().encode(), scratch=scratch
        )

    def role(self, row: Any) -> Role:
        """What the character of a row is; those of an earlier version have a name only."""
        if self.store.size(ROLE.format(row.id)) is None:
            return Role(name=row.name)
        return Role.model_validate_json(self.store.read_bytes(ROLE.format(row.id)))

    def take(
        self,
        owner: str,
        sent: Extras,
        make: Callable[[str], tuple[Wish, list[str]]],
        *,
        idempotency: str | None = None,
        digest: str = "",
        remixed_from: str | None = None,
        batch: str | None = None,
    ) -> Video:
        """Take one job.

        Args:
            owner: whose it is.
            sent: as it came.
            make: from the new id to the wish and what was changed; it stores what the wish names.
            idempotency: the same key never makes a second job.
            digest: of the request; another request under the same key is an error.
            remixed_from: the film it was made from.
            batch: of which it is a part.
        """
        known = self._known(owner, idempotency, digest)
        if known is not None:
            return known
        self.check_room(owner)
        video = f"video_{uuid.uuid4().hex}"
        try:
            wish, notes = make(video)
            self.check_wish(wish)
            named = sent.model not in (None, self.card.name)
            notes += [f"'{sent.model}' is served by {self.card.name}"] if named else []
            return self._write(
                {
                    "id": video,
                    "owner": owner,
                    "idempotency": idempotency,
                    "digest": digest,
                    "batch": batch,
                    "wish": wish.model_dump(mode="json"),
                    "model": self.card.name,
                    "remixed_from": remixed_from,
                    "notes": notes,
                    "priority": sent.priority,
                }
            )
        except IntegrityError:
            # The same request came twice at the same moment; the other one was first.
            self.store.delete(folder(video))
            known = self._known(owner, idempotency, digest)
            if known is None:
                raise
            return known
        except BaseException:
            self.store.delete(folder(video))
            raise

    def check_wish(self, wish: Wish) -> None:
        """Raise `ApiError` or `UsageError` for words that are refused or a film that is too long."""
        self._check_words(wish)
        self._check_length(wish)

    def seed(self, sent: Extras) -> int:
        """The seed that was asked for, or one that is drawn now and kept."""
        return secrets.randbelow(2**31) if sent.seed is None else sent.seed

    def check_room(self, owner: str, *, jobs: int = 1) -> None:
        """Raise `ApiError` 429 if `jobs` more are too many for the owner's queue or the disk."""
        with self.database.read() as connection:
            live = select(func.count()).where(videos.c.owner == owner, videos.c.state.in_(LIVE))
            count = int(connection.execute(live).scalar_one())
        if count + jobs > self.settings.max_queued:
            message = f"At most {self.settings.max_queued} jobs may wait"
            raise ApiError(429, message, code="quota_exceeded", retry_after=RETRY_SECONDS)
        budget = self.settings.disk_budget_bytes
        if budget and self.usage() >= budget:
            message = "The disk budget is used up; delete films or wait until some expire"
            raise ApiError(429, message, code="disk_budget", retry_after=60)

    def usage(self) -> int:
        """Bytes in the store, a few seconds old at most."""
        now = time.monotonic()
        if now - self._usage[1] >= USAGE_SECONDS:
            self._usage = (self.store.usage(), now)
        return self._usage[0]

    def _known(self, owner: str, idempotency: str | None, digest: str) -> Video | None:
        if idempotency is None:
            return None
        with self.database.read() as connection:
            row = connection.execute(
                select(videos).where(videos.c.owner == owner, videos.c.idempotency == idempotency)
            ).one_or_none()
        if row is not None and row.digest != digest:
            message = "This idempotency key came with another request before"
            raise ApiError(409, message, code="idempotency_conflict", param="Idempotency-Key")
        return row

    def _check_words(self, wish: Wish) -> None:
        said = [card.prompt for card in wish.cards]
        said += [card.expansion for card in wish.cards if card.expansion]
        said += [str(wish.options["what"])] if wish.options.get("what") else []
        said += [role.words for role in wish.cast if role.words]
        for words in said:
            check_prompt(words)
            reason = self.policy.prompt(words)
            if reason:
                raise ApiError(400, f"Refused: {reason}", code="content_policy", param="prompt")

    def _check_length(self, wish: Wish) -> None:
        if wish.seconds > self.settings.max_seconds + 1e-6:
            raise ApiError(
                400,
                f"{wish.seconds:g} s are more than this server's {self.settings.max_seconds:g} s",
                code="too_long",
                param="seconds",
            )

    def _write(self, values: Mapping[str, Any]) -> Video:
        with self.database.write() as connection:
            return insert_row(connection, values)


def insert_row(connection: Connection, values: Mapping[str, Any]) -> Video:
    """The new row, at the end of the queue."""
    now = time.time()
    connection.execute(insert(videos).values(**values, rank=now, created_at=now))
    record(connection, values["id"], "queued")
    row = rows.find(connection, values["id"])
    assert row is not None
    return row


def digest_of(fields: Mapping[str, Any], uploads: Mapping[str, UploadFile]) -> str:
    """What tells two requests apart: every field, and the bytes of every file."""
    told = hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode())
    for name in sorted(uploads):
        uploads[name].file.seek(0)
        told.update(name.encode())
        told.update(hashlib.sha256(uploads[name].file.read()).digest())
    return told.hexdigest()
