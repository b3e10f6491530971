"""How a model is spread over the processes that train it, as the trainer sees it.

`strategy.py` says what the trainer asks, and answers it for a model that each process has whole;
`fsdp_strategy.py` and `deepspeed_strategy.py` answer it for one that they divide, and
`sharding_choice.py` builds the one that a recipe asks for.
"""
