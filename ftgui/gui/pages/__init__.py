"""Pages of the window, composed of widgets."""
