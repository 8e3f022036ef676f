"""``python -m datamill`` is the command ``datamill``."""

from datamill.cli import main

main()
