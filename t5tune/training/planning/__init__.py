"""What a training will do and what it takes, found without training: `t5tune plan`.

`planning` prepares the recipe as training does, up to the trainer, with random weights where
training would download them. `planned_data` counts what the token stores have; `measuring` runs a
few steps, a part of a validation and a checkpoint, and `prediction` says what follows for the run.
`planned_training` is the result, which `plan_text` shows.
"""
