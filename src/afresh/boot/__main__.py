"""The first file of a boot's interpreter: `python <the user's flags> <this file> <the user's target>`."""

import sys

if not sys.flags.safe_path:
    # The folder of this file: its modules must not stand in for any of the standard library's.
    del sys.path[0]

if __name__ == "__main__":
    from afresh.boot.main import main

    main()
