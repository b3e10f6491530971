from __future__ import annotations

import runpy

from t5tune.recipe.sections.training_section import TrainingSection
from tests.conftest import REPOSITORY


def test_every_key_has_a_meaning() -> None:
    page = runpy.run_path(str(REPOSITORY / "docs" / "site" / "key_page.py"))["write_key_tables"]()
    rows = [row for row in page.split("\n") if row.startswith("| `")]
    assert len(rows) > len(TrainingSection.model_fields)
    undocumented = [row for row in rows if not row.split(" | ")[3].strip(" |")]
    assert undocumented == []
