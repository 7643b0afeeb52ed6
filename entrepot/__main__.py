"""`entrepot` and `python -m entrepot`: imports nothing slow before Ctrl-C is made quiet."""

import signal
import sys


def main() -> int:
    """Run the command; an interrupt while its modules are still loading just ends it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from entrepot import cli  # noqa: PLC0415 - see above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
