"""Permission to run the Python code of a model's repository, or to read its pickled weights.

The loaders ask `current()`. Nothing is permitted except in a block of `permitting`, which the
functions behind the commands open for one model. A thread that such a block starts has no
permission.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.distributed.processes import are_several
from t5tune.errors import NotAllowed, T5TuneError
from t5tune.run.directory import RunDirectory

if TYPE_CHECKING:
    from t5tune.recipe.sections.model_section import ModelSection


@dataclass(frozen=True)
class Permission:
    """What the user has allowed for a model.

    Attributes:
        code: Whether the code of its repository may run.
        pickles: Whether its weights may be read from pickles; nothing but tensors is.
    """

    code: bool = False
    pickles: bool = False


_NONE = Permission()
_current: ContextVar[Permission] = ContextVar("permission")


def current() -> Permission:
    """Return what is permitted here."""
    return _current.get(_NONE)


@contextmanager
def permitting(permission: Permission) -> Iterator[None]:
    """Permit this, and nothing else, until the block ends."""
    token = _current.set(permission)
    try:
        yield
    finally:
        _current.reset(token)


def permission_of(
    model: ModelSection, *, allow_code: bool, allow_pickle: bool = False
) -> Permission:
    """Return what a recipe and the command together permit; code runs only if both want it.

    Raises:
        NotAllowed: The recipe wants code to run, and the command does not allow it.
        T5TuneError: There are several processes, of which only one would have that code.
    """
    if model.trust_remote_code and not allow_code:
        raise NotAllowed(
            "model.trust_remote_code: true has Python code of the model's repository run, which "
            "no recipe can allow, only --allow-code.",
            option="--allow-code",
            caution="once you trust that code",
        )
    if model.trust_remote_code and are_several():
        raise T5TuneError(
            "model.trust_remote_code: true works in one process only.",
            next_command="the same command without --num-processes",
        )
    return Permission(model.trust_remote_code, allow_pickle or model.allow_pickle)


def permission_for(name: str, *, allow_code: bool, allow_pickle: bool = False) -> Permission:
    """Return what a command permits for a run, whose recipe has a say, or for any other model.

    Raises:
        T5TuneError: As in `permission_of`, or the recipe cannot be read.
    """
    run = RunDirectory(Path(name))
    if not run.is_run:
        return Permission(allow_code, allow_pickle)
    from t5tune.recipe.loading import load_resolved_recipe  # imports pydantic

    model = load_resolved_recipe(run.recipe).model
    return permission_of(model, allow_code=allow_code, allow_pickle=allow_pickle)


def refuse_code(name: str, what: str) -> NotAllowed:
    """Return the error for a model or tokenizer that only code of its repository can load."""
    return NotAllowed(
        f"{name}: its {what} needs Python code that it brings along, which runs only if that is "
        "allowed on the command line, and for training in the recipe too.",
        option="--allow-code",
        training_words=("model.trust_remote_code=true", "--allow-code"),
        caution="once you trust that code",
    )


def refuse_pickles(name: str, file: str) -> NotAllowed:
    """Return the error for a model whose weights are only in pickles."""
    return NotAllowed(
        f"{name}: its weights are only in a pickle ({file}), which is a program rather than data, "
        "and are not read from one unless that is allowed.",
        option="--allow-pickle",
        training_words=("model.allow_pickle=true",),
        caution="reads only tensors from it, and keeps them as safetensors",
    )
