"""Strategies for distributing a model over the processes that train it.

`strategy.py` has the interface for the trainer, implemented for a full model on each process;
`fsdp_strategy.py` and `deepspeed_strategy.py` implement it for sharded models, and
`sharding_choice.py` builds the strategy that a recipe asks for.
"""
