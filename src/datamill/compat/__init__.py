"""DataJoint code on datamill: ``import datajoint`` gives this package.

Example:
    >>> from datamill.compat import install_datajoint_alias
    >>> install_datajoint_alias()
    >>> import datajoint as dj
    >>> dj.__version__
    '2.3.5'
"""

from __future__ import annotations

from datamill.compat.alias import DATAJOINT_VERSION, install_datajoint_alias

__all__ = ["DATAJOINT_VERSION", "install_datajoint_alias"]
