"""Files and pictures that clients hand in. In: an upload or a URL. Out: pixels in the store, or why not."""

import base64
import binascii
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from starlette.datastructures import UploadFile

from kinora.core.errors import BadMediaError, KinoraError
from kinora.serve import outbound
from kinora.serve.errand import Decoded, Errand
from kinora.serve.errors import ApiError
from kinora.serve.sandbox import Sandbox
from kinora.serve.settings import Settings
from kinora.serve.sizes import ModelCard
from kinora.serve.store import Store

AT_ONCE = 2
PICTURE_BYTES = 48 << 20
OK = 200


class Uploads:
    """Decodes what was handed in, a few at a time, each in a process of its own.

    Args:
        settings: limits.
        card: of the model, whose rate and size decide what is kept.
        store: where the pixels go.
        sandbox: where it happens.
    """

    def __init__(
        self, settings: Settings, card: ModelCard, store: Store, *, sandbox: Sandbox
    ) -> None:
        self._settings, self._card, self._store = settings, card, store
        self._sandbox = sandbox
        self._scratch = settings.data / "scratch" / "uploads"
        self._turn = threading.BoundedSemaphore(AT_ONCE)

    def keep_file(
        self, upload: UploadFile, *, key: str, kind: Literal["picture", "video"]
    ) -> Decoded:
        """Store the pixels of an uploaded file under `key`.

        Raises:
            BadMediaError: it cannot be decoded within the limits.
        """
        return self.keep_stream(_stream(upload), key=key, kind=kind)

    def keep_stream(
        self, stream: BinaryIO, *, key: str, kind: Literal["picture", "video"]
    ) -> Decoded:
        """Store the pixels of a file that is read from `stream`; raises like `keep_file`."""
        with self._part("upload") as file:
            with file.open("wb") as sink:
                shutil.copyfileobj(stream, sink, 1 << 20)
            return self._keep(file, key=key, kind=kind)

    def keep_url(self, url: str, *, key: str) -> Decoded:
        """Store the pixels of a picture named by URL under `key`.

        Raises:
            ApiError: fetching is switched off, or failed.
            BadMediaError: it cannot be decoded within the limits.
        """
        data = _inline(url) if url.startswith("data:") else self._fetch(url)
        with self._part("upload") as file:
            file.write_bytes(data)
            return self._keep(file, key=key, kind="picture")

    def _keep(self, file: Path, *, key: str, kind: Literal["picture", "video"]) -> Decoded:
        s, card = self._settings, self._card
        with self._part("pixels.npy") as target, self._turn:
            decoded = self._sandbox.decode(
                Errand(
                    file=file,
                    target=target,
                    kind=kind,
                    fps=card.fps,
                    area=s.max_pixels or 2 * card.height * card.width,
                    pixels=s.max_upload_pixels,
                    seconds=s.max_upload_seconds,
                    memory=s.sandbox_bytes,
                    time=s.sandbox_seconds,
                )
            )
            self._store.put(key, target)
        return decoded

    def _fetch(self, url: str) -> bytes:
        if not self._settings.image_url:
            raise ApiError(
                400,
                "This server does not fetch pictures; send the file or a data: URL",
                code="image_url_disabled",
                param="image_url",
            )
        try:
            private = self._settings.private_urls
            answer = outbound.request("GET", url, private=private, max_bytes=PICTURE_BYTES)
        except (KinoraError, OSError) as error:
            raise ApiError(400, str(error), code="image_url", param="image_url") from error
        if answer.status != OK:
            message = f"The picture's server answered {answer.status}"
            raise ApiError(400, message, code="image_url", param="image_url")
        return answer.body

    @contextmanager
    def _part(self, name: str) -> Iterator[Path]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        path = self._scratch / f"{uuid.uuid4().hex}-{name}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _stream(upload: UploadFile) -> BinaryIO:
    upload.file.seek(0)
    return upload.file


def _inline(url: str) -> bytes:
    head, comma, text = url.partition(",")
    try:
        if not comma or not head.endswith(";base64"):
            raise BadMediaError("a data: URL must be base64", remedy="Write data:image/png;base64,")
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMediaError("the data: URL is not base64") from error
