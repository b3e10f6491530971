#!/usr/bin/env bash
# Does denoising help a tenth of the pairs? Trains on the text of both sides, then translation on the first tenth of the
# pairs from that model and from random weights with the same tokenizer, and compares the two on the test set (paired).
#   [PRETRAINING=MINUTES] [TUNING=STEPS] benchmarks/pretraining.sh DATA OUT [KEY=VALUE ...]
# DATA holds train.en, train.de, val.en, val.de, test.en and test.de; OUT gets the three runs; the settings are for all.
set -euo pipefail
data=$(realpath "$1") out=$2
shift 2
mkdir -p "$out"
cat > "$out/text.yaml" <<YAML
name: text
task: denoise
model:
  from_scratch:
    {d_model: 128, d_ff: 256, num_layers: 4, num_heads: 4, tokenizer: {type: unigram, vocab_size: 4000}}
  config: {dropout_rate: 0.1}
data:
  train: {file: [$data/train.en, $data/train.de], format: text}
  validation: {from: train, size: 500}
training: {max_minutes: ${PRETRAINING:-10}, num_train_epochs: 1000, tokens_per_batch: 2000, learning_rate: 3.0e-2}
export: none
YAML
.venv/bin/t5tune train "$out/text.yaml" --output-dir "$out/text" "$@"
pairs=$(($(wc -l < "$data/train.en") / 10))
translate() { # NAME KEY=VALUE ...
  local name=$1
  shift
  .venv/bin/t5tune train recipes/multi30k-en-de.yaml \
    data.train="{source_file: $data/train.en, target_file: $data/train.de, max_examples: $pairs}" \
    data.validation="{source_file: $data/val.en, target_file: $data/val.de}" \
    data.test="{source_file: $data/test.en, target_file: $data/test.de}" \
    training.max_steps="${TUNING:-1000}" training.eval_steps=200 \
    training.early_stopping_patience=10 --output-dir "$out/$name" "$@"
}
translate random model.from_scratch.tokenizer="{type: existing, name: $(realpath "$out")/text/model}" "$@"
translate denoised model.from_scratch=null model.name="$(realpath "$out")/text/model" \
  training.optim=adafactor training.scale_parameter=true "$@"
.venv/bin/t5tune compare "$out/random" "$out/denoised"
