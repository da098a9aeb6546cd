"""How it learns: configuration, events, the trainer and its loops."""
