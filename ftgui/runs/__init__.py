"""What happened: run folders and their history."""
