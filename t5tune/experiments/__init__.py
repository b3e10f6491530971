"""Many runs: their table, what one holds, how two differ, what can go, and how one is followed.

Everything here reads files alone, so that it answers at once and works while others train.
"""
