"""Test what an installed t5tune contains."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import zipfile
from collections import Counter
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
        "from t5tune.recipe.expected_names import answer_key\n"
        "assert answer_key('training', 'lora')\n"
    )
    site = str(tmp_path / "site")
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1])\n{program}", site],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )


# Rooms that both load something of their own, and commands with the name of what they print.
SHARED_NAMES = {"loading", "score"}


def test_no_two_modules_can_be_taken_for_one_another() -> None:
    names = Counter(
        path.stem for path in (REPOSITORY / "t5tune").rglob("*.py") if path.stem != "__init__"
    )
    assert len(names) > 100
    assert {name for name, count in names.items() if count > 1} <= SHARED_NAMES


def test_the_root_has_few_files_and_each_room_says_what_lives_there() -> None:
    package = REPOSITORY / "t5tune"
    assert len(list(package.glob("*.py"))) <= 5
    rooms = [path for path in package.rglob("__init__.py") if path.parent != package]
    assert len(rooms) >= 20
    for room in rooms:
        assert ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))), room


def test_rooms_load_their_names_when_asked() -> None:
    stubs = sorted((REPOSITORY / "t5tune").rglob("__init__.pyi"))
    assert len(stubs) >= 9
    rooms = [".".join(stub.parent.relative_to(REPOSITORY).parts) for stub in stubs]
    program = (
        "import importlib, sys\n"
        "rooms = [importlib.import_module(name) for name in sys.argv[1:]]\n"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert all(room.__all__ for room in rooms), rooms"
    )
    subprocess.run([sys.executable, "-c", program, *rooms], check=True, timeout=120)
    for room in map(importlib.import_module, rooms):  # which imports torch, as here it is already
        for name in room.__all__:
            getattr(room, name)
