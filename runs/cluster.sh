#!/usr/bin/env bash
# The same story as runs/laptop.sh, sized for half an hour of one large GPU: data is rendered on all
# cores, then six minutes for the autoencoder, sixteen for the film model, five for few steps, three for
# the decoder that draws larger.
set -euo pipefail
RECIPES=small DEVICE=${DEVICE:-cuda} exec "$(dirname "$0")/laptop.sh"
