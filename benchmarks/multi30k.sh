#!/usr/bin/env bash
# Trains Multi30k English-German from scratch on local text files and scores it on test_2016_flickr.
#   benchmarks/multi30k.sh DATA [KEY=VALUE ...]     DATA holds train.en, train.de, val.en …
set -euo pipefail
data=$1
shift
exec .venv/bin/t5tune train recipes/multi30k-en-de.yaml \
  data.train.hub=null data.train.split=null \
  data.train.source_file="$data/train.en" data.train.target_file="$data/train.de" \
  data.validation.hub=null data.validation.split=null \
  data.validation.source_file="$data/val.en" data.validation.target_file="$data/val.de" \
  data.test.hub=null data.test.split=null \
  data.test.source_file="$data/test_2016_flickr.en" \
  data.test.target_file="$data/test_2016_flickr.de" "$@"
