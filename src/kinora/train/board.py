"""A run's numbers for TensorBoard. In: log lines as they are written. Out: `board/` beside the log."""

from collections.abc import Mapping

from kinora.core.errors import UnsupportedError
from kinora.train.hook import Hook, Moment


class Board(Hook):
    """Writes every logged number as a scalar; look with `tensorboard --logdir FOLDER`.

    Raises:
        UnsupportedError: TensorBoard is not installed.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UnsupportedError(
                "this run wants TensorBoard, which is not installed",
                remedy="pip install 'kinora[board]', or leave run.board out",
            ) from error
        self._open = SummaryWriter

    def at_start(self, moment: Moment) -> None:
        """Begin a file; a resumed run goes on in a second one, which TensorBoard joins."""
        self._writer = self._open(str(moment.folder / "board"), purge_step=moment.step + 1)

    def after_step(self, moment: Moment, metrics: Mapping[str, float]) -> None:
        """One scalar per number."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, moment.step)

    def at_checkpoint(self, moment: Moment) -> None:
        """Nothing that a checkpoint knows shall be missing on the board."""
        self._writer.flush()

    def at_end(self, moment: Moment) -> None:
        """Close the file."""
        self._writer.close()
