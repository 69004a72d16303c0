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

# 3. A film from a prompt.
kinora generate "a red ball bounces past a blue cube on grass at sunset" \
  --model "$runs/film_$size/bundle" --seed 7 --out "$runs/film.mp4" --sheet "$runs/film.png"
