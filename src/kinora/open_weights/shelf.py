"""The networks of a folder, loaded when asked for. In: a folder and a placement. Out: networks in place.

`resident` keeps all on the device; `sequential` holds one group at a time (words, then pictures);
`offload` also moves the transformer's blocks to the device one after the other. In each of them the
transformer's linear weights may be quantised while they are read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol

import torch

from kinora.core.errors import NotFoundError, UnsupportedError, is_out_of_memory
from kinora.core.team import team
from kinora.open_weights.folder import Folder
from kinora.open_weights.quantised import Weights, quantising
from kinora.open_weights.remember import hasten

Plan = Literal["resident", "sequential", "offload"]
VAE = "vae"
LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True)
class Placement:
    """Where and in what precision networks live.

    Args:
        device: where they compute.
        dtype: of transformers and text encoders; the video compression network stays float32.
        plan: how many of them stay there.
        weights: how transformers hold their linear weights; all but `whole` is another film.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    plan: Plan = "resident"
    weights: Weights = "whole"


class StepCache(Protocol):
    """Something that networks carry from step to step."""

    def attach(self, network: Any) -> None:
        """Give the network an empty one."""
        ...

    def empty(self, network: Any) -> None:
        """Forget what there is in it."""
        ...

    def detach(self, network: Any) -> None:
        """Take it away."""
        ...


class Shelf:
    """Loads each network once, and gives its memory back when told to.

    Args:
        folder: of the model.
        placement: where it computes.
        dress: what is done to a transformer after it was loaded.
        cache: given to every transformer.
    """

    def __init__(
        self,
        folder: Folder,
        placement: Placement,
        *,
        dress: Callable[[Any], None] | None = None,
        cache: StepCache | None = None,
    ) -> None:
        self.folder = folder
        self.placement = placement
        self._dress, self._cache = dress, cache
        self._loaded: dict[str, Any] = {}

    def get(self, component: str) -> Any:
        """A component, loaded now if it is not yet."""
        if component not in self._loaded:
            # Quantised weights can be neither cast nor moved in inference mode, in which most are asked for.
            with torch.inference_mode(False):
                self._loaded[component] = self._load(component)
        return self._loaded[component]

    def moved(self, placement: Placement) -> "Shelf":
        """The same networks elsewhere, none of them loaded yet."""
        return Shelf(self.folder, placement, dress=self._dress, cache=self._cache)

    def loaded(self) -> tuple[str, ...]:
        """The components in memory."""
        return tuple(self._loaded)

    def put(self, component: str, network: Any) -> None:
        """Use this object for a component."""
        self._loaded[component] = network

    def drop(self, *components: str) -> None:
        """Forget components; the next `get` loads them again."""
        for component in components:
            self._loaded.pop(component, None)
        if self.placement.device.type == "cuda":
            torch.cuda.empty_cache()

    def new_canvas(self) -> None:
        """What networks carry from step to step says nothing about another canvas."""
        if self._cache is not None:
            for network in self._transformers_here():
                self._cache.empty(network)

    @contextmanager
    def without_cache(self) -> Iterator[None]:
        """Inside the block every step is computed."""
        cache, self._cache = self._cache, None
        assert cache is not None, "there is one"
        for network in self._transformers_here():
            cache.detach(network)
        try:
            yield
        finally:
            self._cache = cache
            for network in self._transformers_here():
                cache.attach(network)

    def _transformers_here(self) -> list[Any]:
        return [each for name, each in self._loaded.items() if name.startswith("transformer")]

    def next_film(self) -> None:
        """Another film begins with its words: `sequential`, the transformers of the last one make room."""
        if self.placement.plan == "sequential":
            self.drop(*(name for name in self._loaded if name.startswith("transformer")))

    def done_reading(self) -> None:
        """Words are read: unless all is resident, the text encoders go."""
        if self.placement.plan != "resident":
            self.drop(*(name for name in self._loaded if name.startswith("text_encoder")))

    def _load(self, component: str) -> Any:
        kind = self.folder.kind(component)
        if kind is None:
            raise NotFoundError(
                f"{self.folder.name} has no {component}", remedy=self.folder.fetch_again()
            )
        if "Tokenizer" in kind or "Processor" in kind:
            with self._explained(component):
                return self._from_transformers(component, kind)
        self.folder.weights(component)
        from_diffusers = self.folder.index[component][0] == "diffusers"
        maker = self._diffusers if from_diffusers else self._transformers
        with self._explained(component):
            network = maker(component, kind)
        network.eval().requires_grad_(False)
        if component.startswith("transformer"):
            return self._placed(component, self._shared(self._dressed(hasten(network))))
        return self._placed(component, network)

    def _dressed(self, network: Any) -> Any:
        if self._dress is not None:
            self._dress(network)
        if self._cache is not None:
            self._cache.attach(network)
        return network

    def _shared(self, network: Any) -> Any:
        """In a team a part of one; outside of what it was dressed in, so that compiled blocks are whole."""
        if (mine := team()) is not None:
            from kinora.open_weights.share import share

            share(network, mine, self.placement.device)
        return network

    @contextmanager
    def _explained(self, component: str) -> Iterator[None]:
        """The libraries' errors in words a user can act on."""
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise
            folder = self.folder
            raise NotFoundError(
                f"{folder.name}/{component} cannot be loaded",
                why=" ".join(str(error).split())[:300],
                remedy=f"Run: kinora models verify {folder.name}"
                if folder.fetched
                else folder.fetch_again(),
            ) from error

    def _class(self, component: str, kind: str) -> Any:
        """A component's class, or the error that tells why there is none."""
        library = str(self.folder.index[component][0])
        if library not in LIBRARIES:
            raise UnsupportedError(
                f"{self.folder.name}/{component} is a {kind} of {library}, whose code is not run",
                remedy=f"Use a release whose parts are of {' and '.join(LIBRARIES)}",
            )
        found = getattr(import_module(library), kind, None)
        if found is None:
            raise UnsupportedError(
                f"{self.folder.name}/{component} is a {kind}, which this {library} does not have",
                remedy=f"Update it: pip install -U {library}",
            )
        return found

    def _diffusers(self, component: str, kind: str) -> Any:
        dtype = torch.float32 if component == VAE else self.placement.dtype
        weights = self.placement.weights if component.startswith("transformer") else "whole"
        # from_pretrained, never .to(dtype): it keeps the modules that must stay float32.
        return self._class(component, kind).from_pretrained(
            str(self.folder.path),
            subfolder=component,
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            **quantising(weights),
        )

    def _transformers(self, component: str, kind: str) -> Any:
        return self._class(component, kind).from_pretrained(
            str(self.folder.path / component),
            dtype=self.placement.dtype,
            use_safetensors=True,
            local_files_only=True,
        )

    def _from_transformers(self, component: str, kind: str) -> Any:
        import transformers

        # The auto class reads what the folder's tokenizer is; older names of a class keep working.
        named = "Tokenizer" not in kind
        maker = self._class(component, kind) if named else transformers.AutoTokenizer
        return maker.from_pretrained(str(self.folder.path / component), local_files_only=True)

    def _placed(self, component: str, network: Any) -> Any:
        offloaded = self.placement.plan == "offload" and component.startswith("transformer")
        if not offloaded:
            return network.to(self.placement.device)
        network.enable_group_offload(
            onload_device=self.placement.device,
            offload_device=torch.device("cpu"),
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=self.placement.device.type == "cuda",
        )
        return network
