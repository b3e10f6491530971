"""Test that there is one trainer, complete when it is constructed."""

from __future__ import annotations

import ast
import re

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "t5tune"
SOURCES = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def bases(source: str) -> dict[str, list[str]]:
    """Return the names of the base classes of each class."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return {node.name: [ast.unparse(base) for base in node.bases] for node in classes}


def test_one_class_derives_from_the_librarys_trainer() -> None:
    classes = {name: of for source in SOURCES.values() for name, of in bases(source).items()}
    assert len(classes) > 100
    trainers = [name for name, of in classes.items() if any(b.endswith("Trainer") for b in of)]
    assert trainers == ["T5TuneTrainer"]


def test_nothing_is_set_on_the_trainer_from_outside() -> None:
    assert any("trainer.train(" in source for source in SOURCES.values())
    assignment = re.compile(
        r"\btrainer\.\w+(\.\w+)*( = |: [^#\n]+ = )|setattr\(trainer|\btrainer\.add_"
    )
    found = {
        str(path.relative_to(PACKAGE)): match.group()
        for path, source in SOURCES.items()
        if (match := assignment.search(source))
    }
    assert found == {}
