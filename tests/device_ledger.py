"""Finds tensors that would be on the CPU while the others are on a GPU, on a machine without one.

All tensors are on the CPU here, and the ledger keeps which of them a GPU would have: what is given
to it, what is made with a `device`, and what is computed from those. An operation between one of
these and another tensor, which a GPU refuses, raises here too. Numbers without a dimension may come
from anywhere, as in torch.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# Operations that look at values, for which the CPU waits until the GPU has computed them.
WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select")
COPIES = ("_to_copy", "copy_")  # between devices


class MixedDevicesError(AssertionError):
    """An operation would have met tensors of two devices."""


class DeviceLedger:
    """Record of the tensors that a GPU would have, and of what it would do with them."""

    def __init__(self) -> None:
        # They are kept, so that no other tensor gets their place in memory.
        self._storages: dict[int, Any] = {}
        self._others: dict[int, Any] = {}
        self._makes_there = [True]  # whether what is made now, without a tensor, is on the GPU
        self.operations: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every operation of the block."""
        with _Functions(self), _Operations(self):
            yield

    def give(self, *things: Any) -> Any:
        """Put tensors, modules, or whatever holds them, on the GPU; return the first one."""
        for thing in tree_leaves(things):
            if isinstance(thing, torch.nn.Module):
                self.give(list(thing.parameters()), list(thing.buffers()))
            elif isinstance(thing, torch.Tensor):
                self._note(thing, is_there=True)
        return things[0]

    def has(self, tensor: torch.Tensor) -> bool:
        """Return whether a GPU would have this tensor."""
        return tensor.untyped_storage()._cdata in self._storages

    def call_function(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Call a function of torch, which makes tensors where its arguments are or say."""
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        is_there = kwargs.get("device") is not None or any(map(self.has, tensors))
        if function in (torch.Tensor.to, torch.Tensor.cpu):
            return self._copy(function, args, kwargs)
        self._makes_there.append(is_there)
        try:
            result = function(*args, **kwargs)
        finally:
            self._makes_there.pop()
        if function in (torch.tensor, torch.as_tensor):
            self._note(result, is_there=is_there)
        return result

    def _copy(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Copy between devices: to the GPU if a device object is given, back if its name is."""
        places = [a for a in (*args[1:], kwargs.get("device")) if isinstance(a, torch.device | str)]
        result = function(*args, **kwargs)
        if not places and function is torch.Tensor.to:
            return result
        is_there = function is torch.Tensor.to and isinstance(places[0], torch.device)
        if self.has(args[0]) and not is_there:
            self.waits["to the CPU"] += 1
        with torch._C.DisableTorchFunction():
            result = result.detach().clone()
        self._note(result, is_there=is_there)
        return result

    def call_operation(self, operation: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call an operation, and note where its results are.

        Raises:
            MixedDevicesError: Its tensors are on two devices.
        """
        name = operation._schema.name.removeprefix("aten::")
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        is_of_floats = bool(given) and given[0].is_floating_point()
        self.operations[f"{name} of floats" if is_of_floats else name] += 1
        there = [t for t in given if self.has(t)]
        elsewhere = [tuple(t.shape) for t in given if t.dim() > 0 and not self.has(t)]
        if there and elsewhere and name not in COPIES:
            raise MixedDevicesError(f"{operation}: not on the GPU: tensors of shapes {elsewhere}")
        if there and (name in WAITING or (name == "index" and _has_mask(given[1:]))):
            self.waits[name] += 1
        result = operation(*args, **kwargs)
        is_there = bool(there) if given else self._makes_there[-1]
        known = {t.untyped_storage()._cdata for t in given}
        for made in tree_leaves(result):
            if isinstance(made, torch.Tensor) and made.untyped_storage()._cdata not in known:
                self._note(made, is_there=is_there)
        return result

    def _note(self, tensor: torch.Tensor, *, is_there: bool) -> None:
        storage = tensor.untyped_storage()
        self._storages.pop(storage._cdata, None)
        (self._storages if is_there else self._others)[storage._cdata] = storage


def _has_mask(indices: list[torch.Tensor]) -> bool:
    """Return whether an index is a mask, whose ones are counted before anything is copied."""
    return any(index.dtype == torch.bool for index in indices)


class _Functions(TorchFunctionMode):
    def __init__(self, ledger: DeviceLedger) -> None:
        super().__init__()
        self.ledger = ledger

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.ledger.call_function(func, args, kwargs or {})


class _Operations(TorchDispatchMode):
    def __init__(self, ledger: DeviceLedger) -> None:
        super().__init__()
        self.ledger = ledger

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.ledger.call_operation(func, args, kwargs or {})
