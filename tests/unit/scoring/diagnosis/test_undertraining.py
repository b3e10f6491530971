"""Test when a training counts as too short, and the setting that continues it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from t5tune.recipe.loading import change_recipe
from t5tune.recipe.proposals import spell_in_bytes, train_longer
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.reporting.reports.findings_markdown import render_findings
from t5tune.reporting.reports.report_terminal import finding_lines
from t5tune.scoring.diagnosis.detectors import DETECTORS
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Finding, TrainingCurve
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.diagnosis.undertraining import is_rising
from tests.conftest import TINY

# The demo's run, and the ends of two others that were trained long enough.
PHRASEBOOK = (31.2, 78.4, 93.1, 96.9, 97.8, 98.3, 98.6, 98.9)
MULTI30K = (9.1, 19.3, 24.0, 26.9, 28.3, 29.0, 29.4, 29.8, 29.7, 30.1)


def run_of(name: str, *values: float, **others: float) -> TrainedRun:
    steps = tuple(range(10, 10 * len(values) + 1, 10))
    return TrainedRun(
        "runs/x",
        TrainingCurve(name, steps, values) if values else None,
        tuple(TrainingCurve(other, (10,), (value,)) for other, value in others.items()),
        amount="3 epochs",
        longer=("training.num_train_epochs=6",),
        much_longer=("training.num_train_epochs=12",),
        max_target_length=128,
    )


def undertraining_of(run: TrainedRun) -> Finding:
    """Return the finding about the run, which comes first."""
    finding = diagnose(Evidence(["a"], [["a"]], run=run))[0]
    assert finding.name == "undertrained"
    return finding


@pytest.mark.parametrize(
    "values",
    [
        (4.7, 20.1),
        (1.2, 8.0, 14.0),
        (2.5, 3.0, 3.4),
        (3.0, 9.5, 15.2, 20.8, 24.9, 27.7),
        (3.0, 9.5, 8.9, 15.2, 14.4, 20.8, 24.9, 27.7),
        # The last validation was unlucky.
        (1.0, 3.0, 5.1, 7.0, 9.1, 11.0, 13.2, 15.1, 17.0, 19.1, 21.0, 20.9),
    ],
)
def test_rising(values: tuple[float, ...]) -> None:
    assert is_rising(values)


@pytest.mark.parametrize(
    "values",
    [
        (),
        (12.0,),
        PHRASEBOOK,
        MULTI30K,
        (10.0, 20.0, 25.0, 26.0, 25.5, 25.0),
        (24.0, 29.0, 22.0, 27.0, 23.0, 29.5),  # noise
        (10.0, 30.0, 22.0, 30.0, 22.0, 33.0),  # less than the last fall
        (0.0, 83.9, 83.9, 100.0),  # nothing remains to be gained
    ],
)
def test_not_rising(values: tuple[float, ...]) -> None:
    assert not is_rising(values)


def test_noise_around_a_plateau_hardly_ever_counts_as_a_rise() -> None:
    rng = random.Random(3)
    curves = [[rng.gauss(30, 1.5) for _ in range(rng.choice((4, 6, 10, 20)))] for _ in range(2000)]
    assert sum(map(is_rising, curves)) < 0.05 * len(curves)
    rises = [[10 + i * 20 / 11 + rng.gauss(0, 0.5) for i in range(12)] for _ in range(500)]
    assert sum(map(is_rising, rises)) > 0.95 * len(rises)


def test_an_error_rate_falls() -> None:
    finding = undertraining_of(run_of("WER", 90.0, 70.0, 52.0, 41.0))
    assert finding.num_found == 4
    assert "validation WER still fell from 52.00 at step 30 to 41.00 at the last" in str(
        finding.remedy
    )
    assert undertraining_of(run_of("WER", 90.0, 30.0, 20.0, 20.1)).num_found == 0


@pytest.mark.parametrize(
    ("run", "is_found"),
    [
        (run_of("BLEU", 0.2, 0.96), True),
        (run_of("BLEU", 0.96), True),
        (run_of("BLEU", 12.0), False),
        (run_of("WER", 99.0, 99.0, 98.0), True),
        (run_of("exact_match", 0.0, 0.0, 0.0, WER=99.0), True),
        (run_of("exact_match", 0.0, 0.0, 0.0, WER=30.0), False),  # one letter is wrong in each
        (run_of("BLEU"), False),
    ],
)
def test_near_zero(run: TrainedRun, is_found: bool) -> None:
    finding = undertraining_of(run)
    assert (finding.num_found > 0, finding.is_notable) == (is_found, is_found)
    if is_found:
        assert str(finding.remedy).startswith(
            "t5tune train runs/x training.num_train_epochs=12   # "
        )


def findings_of(run: TrainedRun | None, num: int = 4) -> dict[str, str | None]:
    loop = "geh weiter " + "und geh weiter " * 9
    found = diagnose(
        Evidence(
            [loop] * num,
            [["der alte Mann geht weiter"]] * num,
            reached_limit=[True] * num,
            decoding={"max_new_tokens": 30, "num_beams": 4, "no_repeat_ngram_size": 0},
            run=run,
        )
    )
    return {one.name: one.remedy for one in found if one.num_found}


def test_other_remedies_come_after_it() -> None:
    """The report of a model at BLEU 0.96 proposed a longer limit, bytes and n-gram bans."""
    found = findings_of(run_of("BLEU", 0.1, 0.96))
    assert next(iter(found)) == "undertrained"
    assert str(found["undertrained"]).startswith("t5tune train runs/x")
    for name in ("hit_length_limit", "loop", "too_long"):
        assert found[name] == (
            "train longer first   # if the fault remains: t5tune eval runs/x "
            "decoding.no_repeat_ngram_size=3"
        )
    trained = findings_of(run_of("BLEU", 30.0, 30.2))
    assert "undertrained" not in trained
    assert trained["loop"] == "t5tune eval runs/x decoding.no_repeat_ngram_size=3"


def test_it_is_shown_first_and_without_examples() -> None:
    run = run_of("BLEU", 0.1, 0.96)
    hypotheses, references = [""] * 3, [["ein Satz"]] * 3
    findings = diagnose(Evidence(hypotheses, references, run=run))
    assert len(findings) == len(DETECTORS) - 1  # nothing is known about leaks
    lines = [line.plain for line in finding_lines(findings)]
    assert lines[0] == "undertrained → t5tune train runs/x training.num_train_epochs=12"
    assert lines[1] == "empty: 3 of 3 (100.0 %) → train longer first"
    blocks = render_findings(findings, (), ())
    rows = [row for block in blocks for row in block.splitlines() if row.startswith("| **")]
    assert rows[0].startswith("| **undertrained** | 2 | 2 validations | 100.0 % |")
    assert not any("### Undertrained" in block for block in blocks)


def test_a_limit_that_is_not_the_cause_is_not_raised() -> None:
    text = "der alte Mann sieht das rote Haus am Ende der langen Strasse und"
    found = diagnose(
        Evidence(
            [text] * 3,
            [["der alte Mann geht weiter"]] * 3,
            reached_limit=[True] * 3,
            decoding={"max_new_tokens": 14},
            run=run_of("BLEU", 30.0, 30.1),
        )
    )
    remedy = next(one.remedy for one in found if one.name == "hit_length_limit")
    assert str(remedy).startswith("t5tune train runs/x training.num_train_epochs=6   # the cut")


@pytest.mark.parametrize(
    ("training", "end", "expected"),
    [
        ({"num_train_epochs": 3}, (30, 3.0, 0), ("training.num_train_epochs=6",)),
        ({"num_train_epochs": 0.5}, (30, 0.5, 0), ("training.num_train_epochs=1",)),
        ({"max_steps": 100}, (100, 3.0, 0), ("training.max_steps=200",)),
        ({"max_minutes": 5, "num_train_epochs": 9}, (30, 4.0, 0), ("training.max_minutes=10",)),
        (
            {"max_minutes": 5, "num_train_epochs": 9},
            (30, 9.0, 0),
            ("training.max_minutes=10", "training.num_train_epochs=18"),
        ),
        (
            {"early_stopping_patience": 2, "max_steps": 99},
            (50, 3.0, 2),
            ("training.early_stopping_patience=4",),
        ),
        (
            {"early_stopping_patience": 2, "max_steps": 99},
            (99, 3.0, 0),
            ("training.max_steps=198",),
        ),
    ],
)
def test_the_remedy_changes_what_ended_training(
    training: dict[str, float], end: tuple[int, float, int], expected: tuple[str, ...]
) -> None:
    section = TrainingSection.model_validate(training)
    num_steps, num_epochs, num_waited = end
    found = train_longer(
        section, 2.0, num_steps=num_steps, num_epochs=num_epochs, num_waited=num_waited
    )
    assert found == expected


@pytest.mark.parametrize(
    "tokenizer",
    [
        {"type": "words"},
        {"type": "unigram", "vocab_size": 2500},
        {"type": "unigram"},
        {"type": "characters", "whole_target_words": True},
        {"type": "existing", "name": "google-t5/t5-small"},
    ],
)
def test_bytes_fit_beside_what_the_recipe_says(tokenizer: dict[str, object]) -> None:
    model = {"from_scratch": {"num_heads": 2, "d_model": 16, "tokenizer": tokenizer}}
    recipe = Recipe.model_validate({**TINY, "model": model})
    changed = change_recipe(recipe, spell_in_bytes(recipe), Path("r.yaml"))
    assert changed.model.from_scratch is not None
    assert changed.model.from_scratch.tokenizer.type == "bytes"
    assert changed.data.max_target_length > recipe.data.max_target_length
    assert spell_in_bytes(changed) == ()


def test_bytes_for_a_model_that_is_fine_tuned() -> None:
    model = {"name": "google-t5/t5-small", "revision": "main", "config": {"dropout_rate": 0.2}}
    recipe = Recipe.model_validate({**TINY, "model": model})
    settings = spell_in_bytes(recipe)
    assert not any("from_scratch" in setting for setting in settings)
    changed = change_recipe(recipe, settings, Path("r.yaml"))
    assert changed.model.name == "google/byt5-small"
    assert (changed.model.revision, changed.model.config) == (None, {})
    assert spell_in_bytes(changed) == ()
