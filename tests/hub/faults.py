"""Make requests to the hub fail on demand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """Describe what happens to requests whose address contains a text.

    Attributes:
        part: Of the address, such as `model.safetensors` or `/api/models/`.
        status: Answer with this code and no content.
        headers: Of that answer.
        body: Answer with this text as HTML, with `status` or with 200.
        cut_after: End the connection in good order after so many bytes of the content.
        reset_after: Reset the connection after so many bytes of the content.
        waits: Hold the answer back until the hub's `go_on` is set.
        stops_at: Send so many bytes of the content, and the rest when `go_on` is set.
        times: How often it happens; None for always.
        method: Only this one, such as GET.
    """

    part: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    cut_after: int | None = None
    reset_after: int | None = None
    waits: bool = False
    stops_at: int | None = None
    times: int | None = None
    method: str | None = None


@dataclass
class Faults:
    """Hold the faults of one hub, in the order in which they were added."""

    _faults: list[Fault] = field(default_factory=list)
    _num: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, part: str, **what: object) -> None:
        """Make requests fail; the arguments are those of `Fault`."""
        self._faults.append(Fault(part, **what))  # type: ignore[arg-type]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
            self._num.clear()

    def find(self, method: str, address: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                num = self._num.get(number, 0)
                is_meant = fault.part in address and fault.method in (None, method)
                if is_meant and (fault.times is None or num < fault.times):
                    self._num[number] = num + 1
                    return fault
        return None
