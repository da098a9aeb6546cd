"""How good it is: predictions and statistics."""
