"""`entrepot` and `python -m entrepot`: imports nothing slow before Ctrl-C is made quiet.

Until a daemon's loop takes the signals itself, an interrupt just ends the process: a
KeyboardInterrupt in the middle of an import prints a traceback, or is swallowed by it.
"""

import signal
import sys


def main() -> int:
    """Run the command."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from runtime import memory  # noqa: PLC0415 - see above

    memory.hold()
    from entrepot import cli  # noqa: PLC0415

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
