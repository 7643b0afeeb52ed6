"""`python -m entrepot` is `entrepot`."""

import sys

from entrepot.cli import main

sys.exit(main())
