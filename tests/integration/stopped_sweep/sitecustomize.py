"""On PYTHONPATH: a sweep gets Ctrl-C while it starts its second training."""

import os
import signal

if "STOP_AT_SECOND" in os.environ:
    from t5tune.experiments.sweeps import sweep_processes

    # A shell has its background jobs ignore Ctrl-C, and so do the tests that one of them runs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    divide = sweep_processes.divide_machine
    starts = []

    def stop(*arguments):
        starts.append(arguments)
        if len(starts) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return divide(*arguments)

    sweep_processes.divide_machine = stop
