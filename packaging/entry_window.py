"""Where the built ``ftgui-window`` begins: the window, with no console behind it on Windows and macOS."""

import sys

from ftgui.__main__ import window

if __name__ == "__main__":
    sys.exit(window())
