"""A bundle on disk. In: a folder of weights. Out: a bundle, every file checked; and the other way round.

The folder has the diffusers layout: `model_index.json`, and one folder per network with `config.json`
and `model.safetensors` (float16 on disk, float32 at work), `tokenizer/tokenizer.json`. `decoder_2x` and
`decoder_4x`, which draw larger, may be absent. A model that is a change of another stores that alone.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kinora.autoencoder.fine import FineConfig, FineDecoder
from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.core.errors import NotFoundError
from kinora.models.bundle import CLASS_NAME, Bundle, Index
from kinora.nn.lowrank import changed, difference
from kinora.nn.store import MODEL, C, Undrawn, filled, read_config, read_weights, write_weights
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.transformer.model import Transformer, TransformerConfig

NETWORKS = ("autoencoder", "text", "transformer")
CHANGE = "transformer/change.safetensors"
TIMES = (2, 4)
"""How much larger a fine decoder may draw."""
WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT = "kinora-tiny-few"
BASE = "kinora-tiny"
"""What `DEFAULT` is a change of: it dreams in many guided steps."""


REMEDY = "Install Kinora again or fetch the model again"


def save_change(bundle: Bundle, base: Bundle, folder: Path, *, rank: int) -> Path:
    """Write of a bundle only how its transformer differs from that of `base`."""
    told = difference(base.transformer.state_dict(), bundle.transformer.state_dict(), rank)
    stored = write_weights(folder / CHANGE, told, bundle.transformer.settings())
    sums = {**base.index.sha256, CHANGE: stored}
    return _store_index(folder, bundle.index, base=base.name, sha256=sums)


def save_bundle(bundle: Bundle, folder: Path) -> Path:
    """Write a bundle as float16 safetensors in the diffusers folder layout."""
    sums = {}
    for name, network in _networks(bundle).items():
        file = f"{name}/{MODEL}"
        sums[file] = write_weights(folder / file, network.state_dict(), network.settings())
    (folder / "tokenizer").mkdir(exist_ok=True)
    bundle.tokenizer.save(folder / "tokenizer" / "tokenizer.json")
    return _store_index(folder, bundle.index, base=None, sha256=sums)


def _store_index(folder: Path, index: Index, **changes: Any) -> Path:
    told = index.model_copy(update=changes).model_dump_json(indent=2)
    (folder / "model_index.json").write_text(told + "\n")
    return folder


def _networks(bundle: Bundle) -> dict[str, Any]:
    """Folder name -> network."""
    decoders = {_decoder(times): network for times, network in bundle.fine.items()}
    return {name: getattr(bundle, name) for name in NETWORKS} | decoders


def _settings(folder: Path, network: str, kind: type[C]) -> C:
    return read_config(folder / network / "config.json", kind, remedy=REMEDY)


def _read_index(folder: Path) -> Index:
    return read_config(folder / "model_index.json", Index, remedy=REMEDY)


def _decoder(times: int) -> str:
    return f"decoder_{times}x"


def _fine(folder: Path, index: Index) -> dict[int, FineDecoder]:
    """The decoders that the folder holds, or that its index speaks of, without their weights."""
    there = [
        times
        for times in TIMES
        if (folder / _decoder(times)).exists() or f"{_decoder(times)}/{MODEL}" in index.sha256
    ]
    return {each: FineDecoder(_settings(folder, _decoder(each), FineConfig)) for each in there}


def is_bundle(folder: Path) -> bool:
    """Whether a model of our own lies there."""
    index = folder / "model_index.json"
    return index.is_file() and CLASS_NAME in index.read_text(encoding="utf-8")


def empty_bundle(folder: Path) -> Bundle:
    """A bundle of a folder's shapes, its weights not read.

    Raises:
        NotFoundError: a file is missing or no configuration.
    """
    index = _read_index(folder)
    if index.base is not None:
        return replace(empty_bundle(base_folder(folder, index.base)), index=index)
    return Bundle(
        index=index,
        tokenizer=Tokenizer.load(folder / "tokenizer" / "tokenizer.json"),
        text=TextEncoder(_settings(folder, "text", TextConfig)),
        transformer=Transformer(_settings(folder, "transformer", TransformerConfig)),
        autoencoder=Autoencoder(_settings(folder, "autoencoder", AutoencoderConfig)),
        fine=_fine(folder, index),
    )


def base_folder(folder: Path, name: str) -> Path:
    """Where the model lies that the one in `folder` is a change of: beside it, or among those shipped.

    Raises:
        NotFoundError: in neither place.
    """
    for place in (folder.parent / name, WEIGHTS / name):
        if (place / "model_index.json").exists():
            return place
    raise NotFoundError(
        f"{folder} is a change of {name}, which is not there", remedy=f"Put {name} beside it"
    )


def _changed(base: Bundle, folder: Path, index: Index) -> Bundle:
    """The base, just read, with the folder's change made to its transformer."""
    if not base.index.sha256.items() <= index.sha256.items():
        raise NotFoundError(
            f"{folder} is a change of other weights of {base.name} than those that are there",
            remedy=f"Make it anew: kinora train few_steps_tiny --from {base.name}",
        )
    file = folder / CHANGE
    told = read_weights(file, sha=index.sha256.get(CHANGE), remedy=REMEDY)
    try:
        state = changed(base.transformer.state_dict(), told)
    except (KeyError, RuntimeError) as error:
        raise NotFoundError(
            f"weights file {file} does not fit", why=f"{base.name} has no {error}", remedy=REMEDY
        ) from error
    filled(base.transformer, state, file=file, remedy=REMEDY)
    return replace(base, index=index)


def shipped(bundle: Bundle) -> bool:
    """Whether these very weights come with the package."""
    folder = WEIGHTS / bundle.name
    there = (folder / "model_index.json").exists()
    return there and _read_index(folder).sha256 == bundle.index.sha256


def load_bundle(folder: Path) -> Bundle:
    """A bundle from its folder, every file checked against its sha256.

    Raises:
        NotFoundError: a file is missing, damaged or of another shape.
    """
    index = _read_index(folder)
    if index.base is not None:
        return _changed(load_bundle(base_folder(folder, index.base)), folder, index)
    with Undrawn():
        bundle = empty_bundle(folder)
    for name, network in _networks(bundle).items():
        file = f"{name}/{MODEL}"
        state = read_weights(folder / file, sha=bundle.index.sha256.get(file), remedy=REMEDY)
        filled(network, state, file=folder / file, remedy=REMEDY)
    return bundle
