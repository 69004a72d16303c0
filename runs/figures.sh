#!/usr/bin/env bash
# Every figure of README, cards and docs/ that depends on the weights that ship, in two lanes of one thread; times
# come last, alone. Say where to (runs/figures by default); what is there already is not measured again.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/figures}
python=${PYTHON:-python}
mkdir -p "$out"
export OMP_NUM_THREADS=1

# figure NAME COMMAND...: the command's words to NAME.txt, once.
figure() {
  local file=$out/$1.txt
  shift
  [ -e "$file" ] && return
  "$python" "$@" >"$file.part"
  mv "$file.part" "$file"
}

lane_of_the_suite() {
  figure suite -m kinora evaluate --prompts 200 --seeds 3 --staged 20 --out "$out/suite"
  figure drift benchmarks/drift.py
}

lane_of_the_rest() {
  figure films scripts/judge_first_film.py --sheet "$out/films.png"
  figure films-2 scripts/judge_first_film.py --steps 2
  figure teacher scripts/judge_first_film.py --model kinora-tiny --sheet "$out/teacher.png"
  figure stills scripts/judge_first_film.py --model kinora-tiny --stills --sheet "$out/stills.png"
  figure angles benchmarks/angles.py
  figure characters benchmarks/characters.py
  figure verify benchmarks/verify.py --count 100 --bites 20 --out "$out/verify.json"
  figure few-steps benchmarks/few_step.py kinora-tiny kinora-tiny-few --prompts 40 --out "$out/few_step.json"
  figure seams benchmarks/seams.py
  figure sight benchmarks/sight.py --count 12
  figure seams-teacher benchmarks/seams.py kinora-tiny --films 8
  figure levels benchmarks/levels.py --data "$out/data"
  figure suite-teacher -m kinora evaluate --model kinora-tiny --seeds 3 --staged 10 --out "$out/suite-teacher"
}

lane_of_the_suite &
suite=$!
lane_of_the_rest
wait "$suite"

unset OMP_NUM_THREADS
figure generate benchmarks/generate.py
figure generate-teacher benchmarks/generate.py --model kinora-tiny
figure minute benchmarks/minute.py
figure minute-teacher benchmarks/minute.py kinora-tiny
figure readme scripts/draw_readme_films.py
