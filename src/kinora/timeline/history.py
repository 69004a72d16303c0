"""Undo and redo. In: documents. Out: a history that knows what was before and what was taken back."""

from collections.abc import Callable

from kinora.core.config import Config
from kinora.core.errors import UsageError
from kinora.timeline.document import Timeline

LIMIT = 200
"""Steps that can be taken back."""


class History(Config):
    """A document with its past, and with its future while something is undone."""

    present: Timeline
    past: tuple[Timeline, ...] = ()
    future: tuple[Timeline, ...] = ()

    def each(self, change: Callable[[Timeline], Timeline]) -> "History":
        """The history with every document changed alike."""
        return History(
            present=change(self.present),
            past=tuple(map(change, self.past)),
            future=tuple(map(change, self.future)),
        )

    def do(self, changed: Timeline) -> "History":
        """A new present; what was undone is forgotten."""
        if changed == self.present:
            return self
        past = (*self.past, self.present)[-LIMIT:]
        return self.model_copy(update={"present": changed, "past": past, "future": ()})

    def undo(self) -> "History":
        """The step before; `UsageError` if there is none."""
        if not self.past:
            raise UsageError("there is nothing to undo")
        future = (self.present, *self.future)
        changes = {"present": self.past[-1], "past": self.past[:-1], "future": future}
        return self.model_copy(update=changes)

    def redo(self) -> "History":
        """The step that was undone last; `UsageError` if there is none."""
        if not self.future:
            raise UsageError("there is nothing to redo")
        past = (*self.past, self.present)
        changes = {"present": self.future[0], "past": past, "future": self.future[1:]}
        return self.model_copy(update=changes)
