"""Settings: frozen values, the sources they come from, and which database they mean.

`Config` is what users change and read; `Settings` is the frozen value of one moment that other layers are given.
"""

from datamill.settings.address import DatabaseAddress, Request, derive_address, parse_url, split_host
from datamill.settings.config import Config
from datamill.settings.names import from_keyword
from datamill.settings.resolve import Resolved
from datamill.settings.secret import MaskedDict, Secret
from datamill.settings.sources import thread_safe
from datamill.settings.stores import register_store_protocol
from datamill.settings.values import SETTINGS, Setting, Settings

__all__ = [
    "SETTINGS",
    "Config",
    "DatabaseAddress",
    "MaskedDict",
    "Request",
    "Resolved",
    "Secret",
    "Setting",
    "Settings",
    "derive_address",
    "from_keyword",
    "parse_url",
    "register_store_protocol",
    "split_host",
    "thread_safe",
]
