"""Test curves from the lines of a log."""

from __future__ import annotations

from t5tune.reporting.reports.training_curves import read_curves
from t5tune.scoring.diagnosis.findings import TrainingCurve


def logged(step: int, loss: float) -> dict[str, object]:
    return {"step": step, "epoch": 0.1, "loss": loss, "learning_rate": step / 10, "grad_norm": 1.0}


def validated(step: int, **scores: float) -> dict[str, object]:
    return {"step": step, "epoch": 0.1, "validation": scores}


def test_each_quantity_has_its_curve() -> None:
    lines = [logged(1, 3.0), validated(1, BLEU=5.0, TER=90.0), logged(2, 2.0), {"step": 2}]
    assert read_curves(lines) == (
        TrainingCurve("loss", (1, 2), (3.0, 2.0)),
        TrainingCurve("learning_rate", (1, 2), (0.1, 0.2)),
        TrainingCurve("BLEU", (1,), (5.0,)),
        TrainingCurve("TER", (1,), (90.0,)),
    )


def test_what_a_resumed_run_trained_again_replaces_what_was_lost() -> None:
    lines = [
        logged(1, 9.0),
        logged(2, 8.0),
        logged(4, 7.0),
        validated(4, BLEU=1.0),
        logged(2, 6.0),
        logged(3, 5.0),
    ]
    loss = read_curves(lines)[0]
    assert loss == TrainingCurve("loss", (1, 2, 3), (9.0, 6.0, 5.0))
    assert [curve.name for curve in read_curves(lines)] == ["loss", "learning_rate"]


def test_the_validation_of_averaged_weights_is_not_a_point_of_the_curve() -> None:
    lines = [validated(5, BLEU=1.0), {**validated(5, BLEU=9.0), "weights": "average of 5"}]
    assert read_curves(lines) == (TrainingCurve("BLEU", (5,), (1.0,)),)


def test_a_validation_loss_is_not_the_training_loss() -> None:
    names = [curve.name for curve in read_curves([logged(1, 3.0), validated(1, loss=4.0)])]
    assert names == ["loss", "learning_rate", "validation loss"]


def test_what_is_not_a_number_is_left_out() -> None:
    lines = [logged(1, float("nan")), {"step": None}, {"epoch": 1}, validated(2, BLEU=2.0)]
    assert [(curve.name, curve.steps) for curve in read_curves(lines)] == [
        ("learning_rate", (1,)),
        ("BLEU", (2,)),
    ]
    assert read_curves([]) == ()
