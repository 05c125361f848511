"""`python -m s2s_live` is `s2s-live`."""

import sys

from s2s_live.cli import main

sys.exit(main())
