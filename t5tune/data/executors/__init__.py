"""Who computes the chunks of training data: the cores of this machine, or those of a cluster.

This process reads the data and writes what comes back, in order; a chunk's result depends on
nothing but the chunk, so that every executor makes the same files. `executor` says what one is,
`chosen_executor` has the table of all and the one in use, and `ray_cluster` the cluster; this
machine's cores are `data/parallel_map.py`.
"""
