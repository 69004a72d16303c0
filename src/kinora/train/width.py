"""One learning rate for every width. In: networks, the same ones narrower. Out: how much slower each learns.

Under Adam a matrix that sums over the width moves its output the more, the wider it is; its rate must fall
as one over what it sums over (muP, Yang et al. 2022, arXiv:2203.03466, table 8). Then a rate that was found on
a narrow network is right for a wide one. The heads have 64 channels at any width, so attention needs nothing.
"""

from collections.abc import Mapping

from torch import nn


def rate_scales(networks: nn.Module, narrow: nn.Module) -> Mapping[str, float]:
    """Parameter name -> its rate over that of a network as narrow as `narrow`; 1 is left out.

    Args:
        networks: what learns.
        narrow: the same networks at the width that the rate was found on; only its shapes count.
    """
    shapes = {name: parameter.shape for name, parameter in narrow.named_parameters()}
    scales = {}
    for name, parameter in networks.named_parameters():
        # Convolutions stay at the stem's width: only the columns of matrices grow.
        if parameter.ndim == 2 and shapes[name][1] != parameter.shape[1]:
            scales[name] = shapes[name][1] / parameter.shape[1]
    return scales
