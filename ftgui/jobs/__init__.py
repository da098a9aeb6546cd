"""What a user asks for: the engine composed once, for the window and the command line."""
