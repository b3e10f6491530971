"""What remedies need to know of the run whose model wrote the evidence."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from t5tune.scoring.diagnosis.findings import TrainingCurve


@dataclass(frozen=True)
class TrainedRun:
    """A run, and the changes of its recipe that a remedy may propose.

    Attributes:
        path: Of the run, as commands name it.
        validations: The score that chooses the best checkpoint, over the optimizer steps.
        others: The other scores of the validations.
        amount: How long the run was trained, in words, for example `3 epochs`.
        longer: Settings with which the training goes on, to twice its length.
        much_longer: The same to four times its length.
        spelling: Settings of a new run whose tokens are bytes; none where they are already.
        is_from_scratch: Its vocabulary was made from its training data.
        max_target_length: Of the training targets, in tokens.
        lacks_prefix: The model was pretrained with prefixes and has none here.
        evaluation: Options of `t5tune eval` beside the run, for example `--split validation`.
        settings: Settings of decoding and scoring that were tried, as KEY=VALUE.
        options: That every command about the run needs, for example `--allow-code`.
    """

    path: str
    validations: TrainingCurve | None = None
    others: tuple[TrainingCurve, ...] = ()
    amount: str = ""
    longer: tuple[str, ...] = ()
    much_longer: tuple[str, ...] = ()
    spelling: tuple[str, ...] = ()
    is_from_scratch: bool = False
    max_target_length: int | None = None
    lacks_prefix: bool = False
    evaluation: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def continue_training(self, settings: tuple[str, ...]) -> str:
        """Return the command that continues this run."""
        return shlex.join(["t5tune", "train", self.path, *settings, *self.options])

    def train_anew(self, *settings: str) -> str:
        """Return the command that trains another run of the recipe beside this one."""
        return shlex.join(["t5tune", "train", self.path, *settings, "--restart", *self.options])

    def evaluate(self, *settings: str) -> str:
        """Return the command that decodes the same examples otherwise."""
        changed = {setting.partition("=")[0] for setting in settings}
        kept = [one for one in self.settings if one.partition("=")[0] not in changed]
        command = ["t5tune", "eval", self.path, *kept, *settings, *self.evaluation]
        return shlex.join([*command, *self.options])
