"""The store of tokenized training data: built once, then mapped into memory by every run.

A store is a directory in the cache, whose name is the digest of everything that decides its
content (`store_key`). `store_building` reads and tokenizes pairs in chunks and writes them
(`sequence_files`) with a manifest; `token_store` opens one, checks it, and builds it if it is
missing or damaged. Splits that are cut from the data are files beside the stores (`stored_cuts`,
`cut_files`).
"""
