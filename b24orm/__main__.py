"""``python -m b24orm`` is the command ``b24orm``."""

import sys

from b24orm.cli import main

if __name__ == "__main__":
    sys.exit(main())
