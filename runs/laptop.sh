#!/usr/bin/env bash
# World -> autoencoder -> film model -> film, from nothing, on the cores of a laptop. Hours, not minutes:
# stop it at any time (Ctrl-C) and start it again, it goes on where it was.
#   DATA, RUNS   folders for rendered data and for checkpoints (default: runs/data, runs)
#   RECIPES      "tiny" here; runs/cluster.sh sets "small" and a GPU
set -euo pipefail
cd "$(dirname "$0")/.."

size=${RECIPES:-tiny}
device=${DEVICE:-cpu}
data=${DATA:-runs/data}
runs=${RUNS:-runs}

# glibc gives large blocks back to the system after every step and faults them in again, page by page: a
# tenth of a step on two cores.
export MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_MMAP_THRESHOLD_=1073741824

# A stage that has a checkpoint goes on; one that is finished is not begun again.
stage() {
  local folder=$1 made=$2
  shift 2
  [ -e "$folder/done" ] && return
  local resume=()
  [ -e "$folder/checkpoint" ] && resume=(--resume)
  kinora train "$@" --out "$folder" --data "$data" --device "$device" "${resume[@]}"
  [ -e "$folder/$made" ] && touch "$folder/done"
}

# 1. The video compression network learns from rendered clips of the simulated world.
stage "$runs/autoencoder_$size" autoencoder/model.safetensors "autoencoder_$size"

# 2. The film model learns to dream its latents: stills first, then short clips, then whole ones.
stage "$runs/film_$size" bundle/model_index.json "film_$size" --autoencoder "$runs/autoencoder_$size/autoencoder"

# 3. From it one that needs 4 steps and no guidance, and the decoder that draws twice the side.
stage "$runs/few_steps_$size" bundle/model_index.json "few_steps_$size" --from "$runs/film_$size/bundle"
stage "$runs/fine_2x_$size" bundle/model_index.json "fine_2x_$size" --from "$runs/few_steps_$size/bundle"

# 4. A film from a prompt.
kinora generate "a red ball bounces past a blue cube on grass at sunset" \
  --model "$runs/fine_2x_$size/bundle" --hd 2 --seed 7 --out "$runs/film.mp4" --sheet "$runs/film.png"
