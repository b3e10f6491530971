from __future__ import annotations

from t5tune.recipe.sections.training_section import TrainingSection
from tests.conftest import REPOSITORY
from tests.unit.recipe.recipe_reference import recipe_reference


def test_the_page_of_all_keys_is_up_to_date() -> None:
    page = (REPOSITORY / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert page.endswith("## All keys\n\n" + recipe_reference()), (
        "docs/recipes.md: replace what follows `## All keys` by the output of "
        "tests.unit.recipe.recipe_reference.recipe_reference()"
    )


def test_every_key_has_a_meaning() -> None:
    rows = [row for row in recipe_reference().split("\n") if row.startswith("| `")]
    assert len(rows) > len(TrainingSection.model_fields)
    undocumented = [row for row in rows if not row.split(" | ")[3].strip(" |")]
    assert undocumented == []
