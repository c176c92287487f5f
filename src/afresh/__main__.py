"""`python -m afresh`."""

import sys

from afresh.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
