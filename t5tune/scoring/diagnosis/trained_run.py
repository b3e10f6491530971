"""Facts for remedies about the run whose model wrote the evidence."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from t5tune.scoring.diagnosis.findings import TrainingCurve


@dataclass(frozen=True)
class TrainedRun:
    """A run, and the changes of its recipe that a remedy may propose.

    Attributes:
        path: Path of the run, as commands name it.
        amount: Length of the training in words, for example `3 epochs`.
        longer: Settings that continue the training to twice its length.
        much_longer: Settings that continue it to four times its length.
        spelling: Settings of a new run whose tokens are bytes; empty if they already are.
        is_from_scratch: Whether its vocabulary was built from its training data.
        max_target_length: Maximum length of the training targets, in tokens.
        lacks_prefix: Whether the model was pretrained with prefixes but has none here.
        evaluation: Options of `t5tune eval` besides the run, for example `--split validation`.
        settings: Tried settings of decoding and scoring, as KEY=VALUE.
        options: Options that all commands about the run need, for example `--allow-code`.
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
        """Return the command that decodes the same examples with other settings."""
        changed = {setting.partition("=")[0] for setting in settings}
        kept = [one for one in self.settings if one.partition("=")[0] not in changed]
        command = ["t5tune", "eval", self.path, *kept, *settings, *self.evaluation]
        return shlex.join([*command, *self.options])
