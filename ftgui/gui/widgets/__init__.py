"""Widgets that show and ask; they decide nothing."""
