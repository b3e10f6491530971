#!/usr/bin/env bash
# Trains SCAN from scratch. 728 examples chosen from those for training choose the checkpoint.
#   [SPLIT=length|jump] benchmarks/scan.sh DATA [--output-dir DIR] [KEY=VALUE ...]
# DATA holds tasks_train_simple.txt and tasks_test_simple.txt, whose commands the other splits divide otherwise (Lake and
# Baroni 2018): length trains on those of up to 22 actions and tests on longer ones; jump tests on those that combine
# "jump" with other words, while training has only the word itself, in a tenth of its examples.
set -euo pipefail
data=$1 split=${SPLIT:-simple}
shift
tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT
to_table() { sed -E 's/^IN: (.*) OUT: (.*)$/\1\t\2/' "$@"; }
always_alike() { shuf --random-source=<(yes); }
divide() { # by an expression of awk that is true for the commands of the test
  to_table "$data"/tasks_{train,test}_simple.txt > "$tables/all.tsv"
  awk -F'\t' "$1" "$tables/all.tsv" > "$tables/test.tsv"
  awk -F'\t' "!($1)" "$tables/all.tsv" > "$tables/known.tsv"
}
case $split in
  simple)
    to_table "$data/tasks_train_simple.txt" > "$tables/shuffled.tsv"
    to_table "$data/tasks_test_simple.txt" > "$tables/test.tsv" ;;
  length)
    divide 'split($2, actions, " ") > 22'
    always_alike < "$tables/known.tsv" > "$tables/shuffled.tsv" ;;
  jump)
    divide '$1 ~ /jump/ && $1 != "jump"'
    for _ in $(seq 1466); do printf 'jump\tI_JUMP\n'; done >> "$tables/known.tsv"
    always_alike < "$tables/known.tsv" > "$tables/shuffled.tsv" ;;
  *) echo "SPLIT=$split: expected simple, length or jump" >&2; exit 1 ;;
esac
head -n -728 "$tables/shuffled.tsv" > "$tables/train.tsv"
tail -n 728 "$tables/shuffled.tsv" > "$tables/validation.tsv"
.venv/bin/t5tune train benchmarks/scan.yaml name="scan-$split" data.train.file="$tables/train.tsv" \
  data.validation.file="$tables/validation.tsv" data.test.file="$tables/test.tsv" "$@"
