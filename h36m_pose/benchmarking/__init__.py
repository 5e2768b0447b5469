"""How fast this machine trains and predicts, beside the same networks in PyTorch and beside its matrix products."""
