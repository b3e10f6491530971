"""What an installed t5tune holds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import REPOSITORY


def test_the_wheel_holds_the_recipes_and_works_outside_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    names = {p.name for p in (tmp_path / "site" / "t5tune" / "_recipes").glob("*.yaml")}
    shipped = {p.name for p in (REPOSITORY / "recipes").glob("*.yaml")}
    assert names == shipped
    assert len(names) >= 8
    assert (tmp_path / "site" / "t5tune" / "py.typed").is_file()
    program = (
        "import t5tune, sys\n"
        "assert t5tune.__file__.startswith(sys.argv[1]), t5tune.__file__\n"
        "from pathlib import Path\n"
        "from t5tune.recipe.loading import load_recipe\n"
        "recipe = load_recipe('phrasebook-en-de')\n"
        "assert Path(recipe.data.test.file).is_file(), recipe.data.test.file\n"
    )
    site = str(tmp_path / "site")
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1])\n{program}", site],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
