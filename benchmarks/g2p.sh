#!/usr/bin/env bash
# Trains spelling to pronunciation, SIGMORPHON 2021 task 1.
#   benchmarks/g2p.sh DATA LANGUAGE [--output-dir DIR] [KEY=VALUE ...]    DATA holds LANGUAGE_train.tsv …
set -euo pipefail
data=$1 language=$2
shift 2
exec .venv/bin/t5tune train recipes/g2p.yaml \
  data.train.file="$data/${language}_train.tsv" data.validation.file="$data/${language}_dev.tsv" \
  data.test.file="$data/${language}_test.tsv" "$@"
