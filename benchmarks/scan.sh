#!/usr/bin/env bash
# Trains SCAN, simple split. The last 728 training examples choose the checkpoint.
#   benchmarks/scan.sh DATA [--output-dir DIR] [KEY=VALUE ...]    DATA holds tasks_train_simple.txt
set -euo pipefail
data=$1
shift
tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT
to_table() { sed -E 's/^IN: (.*) OUT: (.*)$/\1\t\2/'; }
head -n 16000 "$data/tasks_train_simple.txt" | to_table > "$tables/train.tsv"
tail -n +16001 "$data/tasks_train_simple.txt" | to_table > "$tables/validation.tsv"
to_table < "$data/tasks_test_simple.txt" > "$tables/test.tsv"
.venv/bin/t5tune train benchmarks/scan.yaml data.train.file="$tables/train.tsv" \
  data.validation.file="$tables/validation.tsv" data.test.file="$tables/test.tsv" "$@"
