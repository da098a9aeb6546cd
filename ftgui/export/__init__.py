"""What leaves: a plain state_dict and the files that explain it."""
