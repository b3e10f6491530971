"""Sweeps: the same recipe with several values of its keys, over seeds, and what they amount to.

`swept_keys.py` reads the values, `sweep_plan.py` makes trainings of them and checks each,
`sweep_processes.py` runs them, `sweep_outcomes.py` reads what they left, `arm_statistics.py` has
means, intervals and tests, and `sweep_session.py` the order of all of it.
"""
