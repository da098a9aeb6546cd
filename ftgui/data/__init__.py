"""What the pictures are: scanning, splitting, decoding, views, pixels."""
