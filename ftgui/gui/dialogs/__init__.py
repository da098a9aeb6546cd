"""Dialogs, only to ask."""
