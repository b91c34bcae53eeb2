"""What a traced graph says: how its tensors depend on each other."""
