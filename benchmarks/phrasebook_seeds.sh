#!/usr/bin/env bash
# Trains the demo from five seeds, two at a time with one thread each.
#   benchmarks/phrasebook_seeds.sh [OUTPUT_DIR]
set -euo pipefail
export OMP_NUM_THREADS=1 RUNS=${1:-runs/phrasebook-seeds}
mkdir -p "$RUNS"
train_one() {
  start=$SECONDS
  .venv/bin/t5tune train recipes/phrasebook-en-de.yaml training.seed="$1" \
    --output-dir "$RUNS/$1" > "$RUNS/$1.scores" 2> "$RUNS/$1.log"
  echo "seed $1: $((SECONDS - start)) s, $(head -n 1 "$RUNS/$1.scores")"
}
export -f train_one
printf '%s\n' 1 2 3 4 5 | xargs -P 2 -I {} bash -c 'train_one {}'
