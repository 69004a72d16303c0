"""One door to the estimates. In: a folder, a wish, a machine. Out: an estimate, or a model that fits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch

from kinora.core.device import wished_device
from kinora.core.errors import UnsupportedError
from kinora.core.machine import Machine, calibrated
from kinora.core.shape import PixelShape
from kinora.core.team import team
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import window
from kinora.estimate.film import Estimate, Wish, check_fits
from kinora.estimate.own import META, blank_of, counted, enough, own, pixels
from kinora.estimate.published import published
from kinora.models.bundle import CLASS_NAME, Bundle
from kinora.models.store import empty_bundle
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import best_placement
from kinora.open_weights.model import OpenModel
from kinora.open_weights.quantised import Weights, check_quantising, quantisable
from kinora.open_weights.shelf import Placement
from kinora.open_weights.skeleton import skeleton

LARGE = 2**27
"""Bytes of pixels. A film of our own with fewer fits wherever Kinora runs, and counting takes longer than it."""


def predict(
    folder: Folder, wish: Wish, *, machine: Machine, dtype: torch.dtype, weights: Weights = "whole"
) -> Estimate:
    """What a film costs, by our own bundle or a published model, whose linear weights may be quantised.

    Raises:
        UnsupportedError: the family cannot be counted beforehand.
    """
    if folder.index.get("class_name") == CLASS_NAME:
        return own(folder.path, wish, machine=machine)
    return published(folder, wish, machine=machine, dtype=dtype, weights=weights)


def choices(folder: Folder) -> tuple[Weights, ...]:
    """How a model's linear weights can be held, the faithful way first."""
    return ("whole",) if folder.index.get("class_name") == CLASS_NAME else quantisable(folder)


def ways(
    folder: Folder, wish: Wish, *, machine: Machine, dtype: torch.dtype, among: Sequence[Weights]
) -> Iterator[Estimate]:
    """What a film costs with weights held in each of these ways, counted when it is asked for."""
    for weights in among:
        yield predict(folder, wish, machine=machine, dtype=dtype, weights=weights)


def weightless(folder: Folder) -> FilmModel:
    """The model of a folder with shapes and habits, nothing loaded.

    Raises:
        UnsupportedError: no family describes its class, or it cannot be counted beforehand.
    """
    if folder.index.get("class_name") == CLASS_NAME:
        with META:
            return empty_bundle(folder.path)
    return skeleton(folder)


def place_for(empty: FilmModel) -> Placement:
    """Where `load` will put this model: our own is enough for the processor unless wished elsewhere."""
    if isinstance(empty, Bundle):
        return Placement(wished_device() or torch.device("cpu"))
    return best_placement()


def fitted_windows(model: FilmModel, wish: Wish) -> FilmModel:
    """`fitted` for a film of any length: no canvas of it is longer than the model's window."""
    if isinstance(model, Bundle):  # which is counted window by window
        return fitted(model, wish)
    most = model.stride.pixel_frames(window(model))
    shape = replace(wish.shape, frames=min(wish.shape.frames, most))
    return fitted(model, replace(wish, shape=shape))


def fitted(model: FilmModel, wish: Wish, *, machine: Machine | None = None) -> FilmModel:
    """The model with the fastest placement in which this film fits; with weights quantised where it fits in no other.

    Our own bundle, and a family that cannot be counted beforehand, come back as they are; the bundle only
    if a film that is `LARGE` fits.

    Args:
        model: nothing of it need be loaded.
        wish: the film.
        machine: this one by default.

    Raises:
        OutOfMemoryError: no placement fits; with what would.
        UsageError: only one with quantised weights does, and what quantises them is missing.
    """
    if isinstance(model, Bundle):
        _check_own(model, wish, machine)
    if not isinstance(model, OpenModel):
        return model
    placement, folder = model.shelf.placement, model.shelf.folder
    where = machine or calibrated(placement.device)
    if (mine := team()) is not None:
        wish = replace(wish, devices=mine.size)
        if placement.device.type == "cpu":  # where all of them have one memory
            where = replace(where, memory=where.memory // mine.here)
    among = choices(folder) if placement.weights == "whole" else (placement.weights,)
    again = partial(ways, folder, machine=where, dtype=placement.dtype, among=among)

    def smaller(shape: PixelShape) -> Iterator[Estimate]:
        return again(replace(wish, shape=model.stride.snap(shape)))

    try:
        predicted, plan = check_fits(again(wish), where, again=smaller)
    except UnsupportedError:
        return model
    if predicted.weights != placement.weights:
        check_quantising(folder)
    shelf = model.shelf.moved(replace(placement, plan=plan, weights=predicted.weights))
    return OpenModel(model.family, shelf, outside=model.outside)


def _check_own(bundle: Bundle, wish: Wish, machine: Machine | None) -> None:
    """Raise `OutOfMemoryError` for a film that is too large for this machine."""
    most = enough(bundle)
    if pixels(bundle, wish, most=None if wish.whole else most) < LARGE:
        return
    where, empty = machine or calibrated(bundle.device), blank_of(bundle)

    def again(shape: PixelShape) -> tuple[Estimate]:
        smaller = replace(wish, shape=bundle.stride.snap(shape))
        return (counted(empty, smaller, machine=where, most=most),)

    check_fits(again(wish.shape), where, again=again)
