"""Where the built ``ftgui`` begins: the command line, and the window when it is given no command."""

import sys

from ftgui.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
