"""Denoising: plain text as examples, from which some spans are missing.

`corruption` leaves spans out of any sequence; `denoiser` does so with the tokens of the training
data, each example by its own draw, and `held_out_texts` with the words of the sets that are scored.
"""
