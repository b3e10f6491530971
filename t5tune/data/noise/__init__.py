"""Noise of the kinds that users type, as pure functions of a text and a `random.Random`.

Functions of one text (`Noise`): `casing`, `typos`, `punctuation`, `whitespace`. Functions of a
source together with its targets or references, which stay translations of it (`JointNoise`):
`numbers`, `names`, `swaps`. `protection` keeps parts of a text as they are.
"""
