"""The front end for people."""
