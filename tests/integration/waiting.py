"""Run one of two processes, which waits for the other longer than a collective may take."""

from __future__ import annotations

import time
from datetime import timedelta

from t5tune.distributed import processes


def slow() -> str:
    time.sleep(3)
    return "ready"


if __name__ == "__main__":
    processes.TIMEOUT = timedelta(seconds=1)
    with processes.joined():
        print(processes.broadcast_result(slow))
