"""Print what this process was given, for test_forks.py."""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    action, *arguments = sys.argv[1:]
    atexit.register(lambda: print("atexit", flush=True))
    if action == "tell":
        print(Path.cwd(), os.environ["PROBE"], [action, *arguments], sep="\n")
        print(sys.stdin.read().strip(), f"child of {os.getppid()}", sep="\n")
    elif action == "exit":
        sys.exit(int(arguments[0]) if arguments[0].isdecimal() else arguments[0])
    elif action == "raise":
        print(1 // 0)
    elif action == "wait":
        print("ready", flush=True)
        time.sleep(60)
    else:
        print("fork" if "tests.forks" in sys.modules else "interpreter")
