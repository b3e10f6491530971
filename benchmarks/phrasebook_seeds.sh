#!/usr/bin/env bash
# The demo's training from five seeds, one after the other, with the time of each.
#   benchmarks/phrasebook_seeds.sh [OUTPUT_DIR]
set -euo pipefail
runs=${1:-runs/phrasebook-seeds}
for seed in 1 2 3 4 5; do
  start=$SECONDS
  .venv/bin/t5tune train recipes/phrasebook-en-de.yaml training.seed="$seed" \
    --output-dir "$runs/$seed" 2> "$runs-$seed.log"
  echo "seed $seed: $((SECONDS - start)) s, training and evaluation"
done
