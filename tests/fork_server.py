"""Import everything, and fork for each request that `forks.py` sends.

python -m tests.fork_server FILE_DESCRIPTOR_OF_A_SOCKET
"""

from __future__ import annotations

import array
import atexit
import gc
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import traceback
import weakref
from pathlib import Path
from typing import Any, NoReturn

from tests import forks


def import_everything() -> None:
    """Import and load what commands need, without computing anything."""
    forks.remember_what_stays()
    import ctranslate2  # noqa: F401
    import datasets  # noqa: F401
    import langcodes.language_distance  # noqa: F401
    import rapidfuzz.distance
    import rapidfuzz.fuzz
    import rapidfuzz.process  # noqa: F401
    import sacrebleu.metrics  # noqa: F401
    import tensorboard.summary.writer.event_file_writer  # noqa: F401
    import torch.utils.tensorboard  # noqa: F401
    import typer.main
    from transformers import AutoModelForSeq2SeqLM, T5ForConditionalGeneration  # noqa: F401

    import t5tune.training.entry  # noqa: F401
    from t5tune.cli.app import app
    from t5tune.scoring import language_identity
    from t5tune.training import garbage
    from t5tune.training.preparation.environment import package_versions

    typer.main.get_command(app)
    package_versions()
    language_identity._identifier()  # half a second in each command
    gc.collect()
    gc.freeze()  # so that the forks share the memory
    garbage.is_left_out = True


def serve(requests: socket.socket) -> None:
    """Answer each request with a process id, until the test that sends requests has ended."""
    while True:
        size, ancillary, _, _ = requests.recvmsg(4, socket.CMSG_SPACE(12))  # three descriptors
        if not size:
            return
        content = b""
        while len(content) < int.from_bytes(size, "big"):
            content += requests.recv(1 << 16)
        streams = array.array("i", ancillary[0][2]).tolist()
        pid = _fork_orphan(json.loads(content), streams, requests)
        for stream in streams:
            os.close(stream)
        requests.sendall(pid.to_bytes(4, "big"))


def _fork_orphan(request: dict[str, Any], streams: list[int], requests: socket.socket) -> int:
    """Fork twice, so that the test adopts the remaining process and waits for it."""
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        pid = os.fork()
        if pid:
            os.write(writer, pid.to_bytes(4, "big"))
            os._exit(0)
        for own in (reader, writer):
            os.close(own)
        requests.close()
        become(request, streams)
    os.close(writer)
    os.waitpid(parent, 0)
    pid = int.from_bytes(os.read(reader, 4), "big")
    os.close(reader)
    return pid


def become(request: dict[str, Any], streams: list[int]) -> NoReturn:
    """Become the process that a request describes, and end."""
    if request["has_own_session"]:
        os.setsid()
    handler = signal.default_int_handler if request["takes_ctrl_c"] else signal.SIG_IGN
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _open_standard_streams()
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]  # what a launcher would remove
    forks.fork_from_here(become)
    module, *arguments = request["arguments"]
    sys.path[0] = request["directory"]
    _import_copied_package_again()
    _follow_python_path()
    sys.argv = [module, *arguments]
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        code = -signal.SIGINT
    except BaseException:
        traceback.print_exc()
        code = 1
    _end(int(code or 0))


def _import_copied_package_again() -> None:
    """Forget t5tune where PYTHONPATH has a copy of it; what it imports from others stays."""
    own = Path(__file__).resolve().parent.parent
    folders = map(Path, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    if any(Path(folder, "t5tune").is_dir() and folder.resolve() != own for folder in folders):
        for name in [name for name in sys.modules if name.partition(".")[0] == "t5tune"]:
            del sys.modules[name]


def _follow_python_path() -> None:
    """Look for modules where PYTHONPATH says, and run a sitecustomize found there."""
    for folder in reversed(os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if folder and folder not in sys.path:
            sys.path.insert(1, folder)
        if (customization := Path(folder or "/", "sitecustomize.py")).is_file():
            runpy.run_path(str(customization))


def _open_standard_streams() -> None:
    """Open Python's standard streams on the descriptors of the request."""
    encoding = sys.stdout.encoding
    binary = [io.FileIO(number, "r" if number == 0 else "w", closefd=False) for number in range(3)]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(binary[0]), encoding)
    out, err = map(io.BufferedWriter, binary[1:])
    sys.stdout = io.TextIOWrapper(out, encoding, line_buffering=os.isatty(1))
    sys.stderr = io.TextIOWrapper(err, encoding, "backslashreplace", line_buffering=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _end(code: int) -> NoReturn:
    """Do what an ending interpreter does, as far as others can see it."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


if __name__ == "__main__":
    subprocess.Popen = forks.Fork  # type: ignore[misc]  # torch's launcher imports it by name
    import_everything()
    serve(socket.socket(fileno=int(sys.argv[1])))
