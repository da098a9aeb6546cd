"""The front end for scripts."""
