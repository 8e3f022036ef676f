"""Which database: URLs, and the rules that derive an address from settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import NoneType
from typing import Any

from datamill.errors import ConfigError, did_you_mean, require
from datamill.settings.kinds import TLS, optional
from datamill.settings.resolve import Resolved
from datamill.settings.secret import MASK, Secret, is_secret_name, mask_url

MEMORY = ":memory:"
_MALFORMED = "its host or port is malformed (in a password write %23 for #, %2F for / and %40 for @)"
DEFAULT_FILE = "datamill.db"
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306}
SCHEMES = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseAddress:
    """Where a database is and who asks.

    Fields: ``backend`` ("sqlite", "postgresql", "mysql"); for servers ``host``, ``port``, ``user``, ``password``,
    ``name`` of the database and ``use_tls`` (True required, False off, None tried, or a dict of options);
    for SQLite ``path``, absolute or ":memory:"; ``options``: the other query parameters of the URL.

    Example:
        >>> parse_url("mysql://ann:sesame@lab.org/")
        DatabaseAddress('mysql://ann:**********@lab.org:3306/')
    """

    backend: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    name: str | None = None
    path: str | None = None
    use_tls: bool | Mapping[str, Any] | None = field(default=None, hash=False)
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_memory(self) -> bool:
        """The database lives in the memory of this process."""
        return self.path == MEMORY

    def to_url(self, *, show_password: bool = False) -> str:
        """Return the address as a URL; the password, and options that hold secrets, are masked unless asked for."""
        from urllib.parse import quote, quote_plus

        options = (
            f"{quote_plus(name)}={quote_plus(value) if show_password or not is_secret_name(name) else MASK}"
            for name, value in self.options
        )
        query = f"?{'&'.join(options)}" if self.options else ""
        if self.backend == "sqlite":
            path = "" if self.path is None or self.is_memory else f"/{quote(self.path)}"
            return f"sqlite://{path}{query}"
        credentials = quote(self.user or "", safe="")
        if self.password:
            secret = quote(self.password.get_secret_value(), safe="") if show_password else MASK
            credentials += f":{secret}"
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        place = f"{credentials}@{host}" if credentials else f"{host}"
        return f"{self.backend}://{place}:{self.port}/{quote(self.name or '', safe='')}{query}"

    def without_secrets(self) -> DatabaseAddress:
        """Return the address without password and without options that hold secrets."""
        options = tuple(item for item in self.options if not is_secret_name(item[0]))
        return replace(self, password=None, options=options)

    def __str__(self) -> str:
        return self.to_url()

    def __repr__(self) -> str:
        return f"DatabaseAddress({self.to_url()!r})"


def parse_url(url: str, *, source: str = "argument", directory: Path | None = None) -> DatabaseAddress:
    """Parse a database URL.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` (memory),
            ``postgresql://user:password@host:port/name?sslmode=…``, ``mysql://…/?use_tls=…``;
            user and password may stand among the options, too;
            ``postgres`` and ``mariadb`` are aliases. Special characters are percent-encoded.
        source: What gave the URL, for messages.
        directory: Folder that a relative SQLite path starts from; default: the current one.

    Raises:
        ConfigError: The URL is malformed or its scheme unknown.

    Example:
        >>> parse_url("postgres://ann@lab.org/science").port
        5432
    """
    from urllib.parse import parse_qsl, unquote, urlsplit

    require(url, str, "A database URL must be text")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may show a part of the password
        raise _url_error(url, source, _MALFORMED) from None
    backend = SCHEMES.get(parts.scheme)
    if backend is None:
        hint = did_you_mean(parts.scheme, list(SCHEMES)) or f"Known: {', '.join(SCHEMES)}."
        raise _url_error(url, source, f"the scheme {parts.scheme!r} is unknown", hint)
    if "#" in url and backend == "sqlite":
        raise _url_error(url, source, "a # in the path of a file is written %23, and a ? is written %3F")
    if "#" in url or (backend != "sqlite" and "@" in parts.path):
        raise _url_error(url, source, _MALFORMED)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if backend == "sqlite":
        if parts.netloc:
            raise _url_error(url, source, "a file needs three slashes, as in sqlite:///file.db")
        path = sqlite_path(unquote(parts.path.removeprefix("/")), directory)
        return DatabaseAddress(backend, path=path, options=tuple(options.items()))
    tls = optional(TLS)("database.use_tls", options.pop("use_tls", None), source)
    # As libpq has it, options may name the user and the password, too.
    user = options.pop("user", None) if not parts.username else unquote(parts.username)
    password = options.pop("password", None) if not parts.password else unquote(parts.password)
    return DatabaseAddress(
        backend,
        host=parts.hostname or "localhost",
        port=port or DEFAULT_PORTS[backend],
        user=user or None,
        password=Secret(password) if password else None,
        name=unquote(parts.path.removeprefix("/")) or None,
        use_tls=tls,
        options=tuple(options.items()),
    )


def _url_error(url: str, source: str, reason: str, hint: str | None = None) -> ConfigError:
    message = f"The database URL {mask_url(url)!r} from {source} is not usable: {reason}."
    return ConfigError(message, setting="database.url", source=source, hint=hint)


def sqlite_path(path: str, directory: Path | None = None) -> str:
    """Return the absolute path of an SQLite file; an empty one and ":memory:" are the memory."""
    if path in ("", MEMORY):
        return MEMORY
    return str(Path(directory or Path.cwd(), Path(path).expanduser()).absolute())


def split_host(host: str) -> tuple[str, int | None]:
    """Split ``host:port``; the port is None if absent.

    Raises:
        ConfigError: The port is no number from 1 to 65535.

    Example:
        >>> split_host("lab.org:3307")
        ('lab.org', 3307)
    """
    name, colon, port = host.rpartition(":")
    if not colon or (":" in name and not name.endswith("]")):  # no port, or a bare IPv6 address
        return host.strip("[]"), None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        message = f"The host {host!r} does not end in a port number from 1 to 65535."
        raise ConfigError(message, setting="database.host", source="argument")
    return name.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller says of the database it wants; None leaves it to the settings.

    Fields: ``url``, ``host`` (also ``host:port`` or a URL), ``port``, ``user``, ``password``, ``name``, ``backend``,
    ``use_tls``.
    """

    url: str | None = None
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | Secret | None = field(default=None, repr=False)
    name: str | None = None
    backend: str | None = None
    use_tls: bool | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.password, str):
            object.__setattr__(self, "password", Secret(self.password))

    @property
    def secret(self) -> Secret | None:
        """The password, masked."""
        return self.password if isinstance(self.password, Secret) else None


def derive_address(resolved: Resolved, request: Request = Request()) -> DatabaseAddress:
    """Find the address from arguments and settings; arguments win.

    The backend is: the scheme of the URL; else `database.backend`; else postgresql if the port is 5432; else mysql if
    host, user, password or port is set; else sqlite, in `database.path` or ``datamill.db`` beside the settings file.
    What a URL leaves open (user, password, TLS) comes from the settings.

    Raises:
        ConfigError: The URL is malformed, or a backend is named that contradicts it.
    """
    request = _normalised(request)
    if request.url is not None:
        address = parse_url(request.url)
        source = "argument"
    elif resolved.settings.database.url is not None and not _names_server(request):
        source = resolved.source("database.url")
        address = parse_url(
            resolved.settings.database.url, source=source, directory=resolved.base("database.url")
        )
    else:
        return _from_parts(resolved, request)
    wanted = _backend_name(request.backend) or resolved.settings.database.backend
    if wanted not in (None, address.backend):
        named = resolved.source("database.backend") if request.backend is None else "argument"
        message = (
            f"database.backend is {wanted!r} ({named}), but the URL says {address.backend!r} ({source})."
        )
        raise ConfigError(message, setting="database.backend", source=named, hint="Remove one of the two.")
    return _completed(address, resolved, request)


def _check(request: Request) -> None:
    for name in ("host", "user", "name"):
        text = getattr(request, name)
        require(text, (str, NoneType), f"database.{name} must be text")
        if "\0" in (text or ""):
            raise ConfigError(f"database.{name} holds a zero character.", setting=f"database.{name}")
    require(request.port, (int, NoneType), "database.port must be a whole number")
    if request.port is not None and not 0 < request.port < 65536:
        raise ConfigError(f"{request.port} is no port: these are 1 to 65535.", setting="database.port")


def _normalised(request: Request) -> Request:
    _check(request)
    if request.host is None:
        return request
    if "://" in request.host:
        if request.url is not None and request.url != request.host:
            raise ConfigError("Two database URLs were given, as host and as url.", setting="database.url")
        return replace(request, url=request.host, host=None)
    host, port = split_host(request.host)
    if port is not None and request.port not in (None, port):
        raise ConfigError(
            f"Two ports were given: {port} in the host and {request.port}.", setting="database.port"
        )
    return replace(request, host=host, port=port or request.port)


def _names_server(request: Request) -> bool:
    """The caller names a place itself, so a URL in the settings does not apply."""
    return request.host is not None or request.port is not None or request.backend is not None


def _backend_name(backend: str | None) -> str | None:
    if backend is None:
        return None
    require(backend, str, "database.backend must be text")
    name = SCHEMES.get(backend.lower())
    if name is None:
        hint = did_you_mean(backend, list(SCHEMES)) or f"Known: {', '.join(SCHEMES)}."
        raise ConfigError(
            f"There is no backend {backend!r}.", setting="database.backend", source="argument", hint=hint
        )
    return name


def _guess_backend(resolved: Resolved, request: Request) -> str:
    database = resolved.settings.database
    if named := _backend_name(request.backend) or database.backend:
        return named
    if (request.port or database.port) == 5432:
        return "postgresql"
    given = (request.host, request.user, request.password, request.port)
    if any(value is not None for value in given):
        return "mysql"
    if any(resolved.is_set(f"database.{part}") for part in ("host", "user", "password", "port")):
        return "mysql"
    return "sqlite"


def _from_parts(resolved: Resolved, request: Request) -> DatabaseAddress:
    database = resolved.settings.database
    backend = _guess_backend(resolved, request)
    if backend == "sqlite":
        if database.path is not None:
            return DatabaseAddress(backend, path=sqlite_path(database.path, resolved.base("database.path")))
        return DatabaseAddress(backend, path=sqlite_path(DEFAULT_FILE, resolved.directory))
    host, port = split_host(database.host)
    address = DatabaseAddress(
        backend,
        host=request.host or host,
        port=request.port
        or database.port
        or (port if request.host is None else None)
        or DEFAULT_PORTS[backend],
        name=request.name or database.name,
    )
    return _completed(address, resolved, request)


def _completed(address: DatabaseAddress, resolved: Resolved, request: Request) -> DatabaseAddress:
    """Fill in user, password, name and TLS of a server; a password goes only with the user it belongs to."""
    if address.backend == "sqlite":
        return address
    database = resolved.settings.database
    user = request.user or address.user or database.user
    password = request.secret
    if password is None and user == address.user:
        password = address.password
    if password is None and database.user in (None, user):
        password = database.password
    use_tls = address.use_tls if address.use_tls is not None else database.use_tls
    return replace(
        address,
        user=user,
        password=password,
        name=request.name or address.name or (_default_name(address, database.name)),
        use_tls=request.use_tls if request.use_tls is not None else use_tls,
    )


def _default_name(address: DatabaseAddress, configured: str | None) -> str | None:
    return configured or "postgres" if address.backend == "postgresql" else configured
