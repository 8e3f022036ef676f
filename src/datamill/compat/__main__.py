"""``python -m datamill.compat SCRIPT [args]`` runs a DataJoint script on datamill, unchanged."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from datamill.compat import install_datajoint_alias


def main() -> None:
    """Run the script named on the command line as ``__main__``."""
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m datamill.compat SCRIPT [args]")
    install_datajoint_alias()
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(script).resolve().parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
