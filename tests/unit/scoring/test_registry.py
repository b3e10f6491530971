"""Test the table of metrics: its entries are consistent, and the documentation has them."""

from __future__ import annotations

import pkgutil

import pytest

from t5tune.scoring.diagnosis.detectors import DETECTORS
from t5tune.scoring.registry import METRICS, default_metrics, metric_for_parts
from tests.conftest import REPOSITORY


def test_every_entry_has_its_builder_and_its_main_score() -> None:
    for name, spec in METRICS.items():
        assert spec.name == name
        assert callable(pkgutil.resolve_name(spec.builder)), name
        assert spec.main_score in spec.scores, name
        assert spec.untrained is None or spec.ranks_models, name


def test_defaults_by_task() -> None:
    assert default_metrics("translation") == ("bleu", "chrf")
    assert default_metrics("summarization") == ("rouge",)
    assert default_metrics("text2text") == ("exact_match", "wer", "cer")


def test_which_metric_scores_parts_of_a_test_set() -> None:
    assert metric_for_parts(["ter", "wer"]) == "wer"
    assert metric_for_parts(["comet", "ter"]) == "ter"
    assert metric_for_parts(["evaluate:meteor", "comet"]) == "chrf"


@pytest.mark.parametrize(("page", "names"), [("evaluation", METRICS), ("diagnosis", DETECTORS)])
def test_the_documentation_has_a_row_or_a_section_of_each(page: str, names: dict) -> None:  # type: ignore[type-arg]
    text = (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    for name in names:
        assert any(f"`{name}`" in row for row in rows) or f"`{name}` if\n" in text, name
