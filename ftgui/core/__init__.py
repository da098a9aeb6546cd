"""What every room shares: errors, records, files, hashing, paths. Imports no other room."""
