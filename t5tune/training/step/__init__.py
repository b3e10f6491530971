"""One optimizer step: the loss, its gradients, and the memory that they take."""
