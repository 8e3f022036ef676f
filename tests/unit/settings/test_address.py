"""Database URLs, and which database the settings mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datamill.errors import ConfigError
from datamill.settings import DatabaseAddress, Secret, parse_url, split_host
from datamill.settings.secret import MASK, mask_url

from .conftest import Make


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///rel.db", "{here}/rel.db"),
        ("sqlite:///sub/rel%20x.db", "{here}/sub/rel x.db"),
        ("sqlite:////abs.db", "/abs.db"),
        ("sqlite://", ":memory:"),
        ("sqlite:///", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
    ],
)
def test_sqlite_urls(url: str, path: str, tmp_path: Path) -> None:
    address = parse_url(url, directory=tmp_path)
    assert address.backend == "sqlite"
    assert address.path == path.format(here=tmp_path)
    assert address.is_memory is (path == ":memory:")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://u:p%40ss%2F@h:5433/db?sslmode=require",
            {"backend": "postgresql", "host": "h", "port": 5433, "user": "u", "name": "db"},
        ),
        ("postgres://h/db", {"backend": "postgresql", "host": "h", "port": 5432, "user": None, "name": "db"}),
        ("mysql://u:p@h/?use_tls=true", {"backend": "mysql", "port": 3306, "use_tls": True, "name": None}),
        ("mariadb://u@[::1]:3307/", {"backend": "mysql", "host": "::1", "port": 3307, "user": "u"}),
        (
            "mysql://u@h/?use_tls=false&charset=latin1",
            {"use_tls": False, "options": (("charset", "latin1"),)},
        ),
        ("MySQL://LAB.org", {"backend": "mysql", "host": "lab.org"}),
    ],
)
def test_server_urls(url: str, expected: dict[str, Any]) -> None:
    address = parse_url(url)
    assert {name: getattr(address, name) for name in expected} == expected


def test_password_is_decoded_and_masked() -> None:
    address = parse_url("postgresql://u:p%40ss%2F@h/db")
    assert address.password == Secret("p@ss/")
    assert "p@ss" not in f"{address} {address!r} {address.to_url()}"
    assert address.to_url(show_password=True) == "postgresql://u:p%40ss%2F@h:5432/db"
    assert parse_url(address.to_url(show_password=True)) == address


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:////a%20b/c.db?mode=ro",
        "mysql://u@[::1]:3307/",
        "postgresql://h:5432/db?sslmode=require",
    ],
)
def test_urls_round_trip(url: str) -> None:
    assert parse_url(url).to_url() == url
    assert hash(parse_url(url)) == hash(parse_url(url))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("oracle://h", "unknown"),
        ("postgrsql://h/db", "Did you mean 'postgresql'"),
        ("mysql://u:sesame@h:many/", "port is malformed"),
        ("mysql://u:sesame@h:99999/", "port is malformed"),
        ("mysql://u:ses#ame@h/", "%23"),
        ("mysql://u:ses/ame@h/", "%2F"),
        ("mysql://u:1/sesame@h/", "%2F"),
        ("sqlite://rel.db", "three slashes"),
        ("sqlite:////data/a#b.db", "path of a file is written %23"),
        ("mysql://u:sesame@h/?use_tls=perhaps", "true, false"),
        ("mysql://u:sesame@[::1/", "malformed"),
    ],
)
def test_malformed_urls(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        parse_url(url, source="here")
    assert caught.value.source == "here"
    assert "ses" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("h", ("h", None)),
        ("h:3307", ("h", 3307)),
        ("[::1]:3307", ("::1", 3307)),
        ("[::1]", ("::1", None)),
        ("::1", ("::1", None)),
    ],
)
def test_split_host(host: str, expected: tuple[str, int | None]) -> None:
    assert split_host(host) == expected


@pytest.mark.parametrize("host", ["h:", "h:port", "h:0", "h:65536"])
def test_split_host_refuses(host: str) -> None:
    with pytest.raises(ConfigError):
        split_host(host)


@pytest.mark.parametrize(
    ("environment", "backend"),
    [
        ({}, "sqlite"),
        ({"DJ_PORT": "5432"}, "postgresql"),
        ({"DJ_PORT": "5432", "DJ_HOST": "h"}, "postgresql"),
        ({"DJ_PORT": "3306"}, "mysql"),
        ({"DJ_HOST": "h"}, "mysql"),
        ({"DJ_HOST": "localhost"}, "mysql"),
        ({"DJ_USER": "u"}, "mysql"),
        ({"DJ_PASS": "p"}, "mysql"),
        ({"DJ_HOST": "h", "DJ_BACKEND": "postgresql"}, "postgresql"),
        ({"DJ_HOST": "h", "DATAMILL_URL": "sqlite://"}, "sqlite"),
        ({"DATAMILL_DATABASE__PATH": "x.db"}, "sqlite"),
        ({"DJ_BACKEND": "mysql"}, "mysql"),
    ],
)
def test_backend_follows_from_settings(make: Make, environment: dict[str, str], backend: str) -> None:
    assert make(environment).database_address().backend == backend


def test_default_file_is_beside_the_settings_file(
    make: Make, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert make().database_address().path == str(tmp_path / "datamill.db")
    inner = project / "inner"
    inner.mkdir()
    (project / "datamill.toml").write_text("safemode = true\n")
    assert make(start=inner).database_address().path == str(project / "datamill.db")
    (project / "datamill.toml").write_text('database.path = "data/x.db"\n')
    assert make(start=inner).database_address().path == str(project / "data" / "x.db")
    (project / "datamill.toml").write_text('database.url = "sqlite:///data/y.db"\n')
    assert make(start=inner).database_address().path == str(project / "data" / "y.db")
    from_variable = {"DATAMILL_URL": "sqlite:///z.db"}
    assert make(from_variable, start=inner).database_address().path == str(tmp_path / "z.db")


def test_server_defaults(make: Make) -> None:
    address = make(database__backend="postgresql", database__user="u").database_address()
    assert address == DatabaseAddress("postgresql", host="localhost", port=5432, user="u", name="postgres")
    address = make(database__host="h:3307").database_address()
    assert address == DatabaseAddress("mysql", host="h", port=3307)


def test_settings_fill_what_the_url_leaves_open(make: Make) -> None:
    config = make(
        {"DATAMILL_URL": "postgresql://h/db", "DJ_USER": "ann", "DJ_PASS": "sesame", "DJ_USE_TLS": "1"}
    )
    address = config.database_address()
    assert (address.user, address.password, address.use_tls) == ("ann", Secret("sesame"), True)
    config.database.url = "postgresql://bob@h/db"
    assert (config.database_address().user, config.database_address().password) == ("bob", None)
    config.database.url = "postgresql://ann:other@h/db?use_tls=false"
    assert config.database_address().password == Secret("other")
    assert config.database_address().use_tls is False


def test_arguments_win(make: Make) -> None:
    config = make({"DATAMILL_URL": "postgresql://ann:sesame@h/db"})
    assert (
        config.database_address(user="bob", password="x").to_url(show_password=True)
        == "postgresql://bob:x@h:5432/db"
    )
    assert config.database_address(user="bob").password is None
    assert config.database_address(name="other").name == "other"
    assert config.database_address(url="sqlite://").is_memory
    assert config.database_address(host="sqlite://").is_memory
    assert config.database_address(host="other:3307") == DatabaseAddress("mysql", host="other", port=3307)
    assert config.database_address(host="other", port=5432).backend == "postgresql"
    assert config.database_address(host="other", backend="postgres").port == 5432
    assert config.database_address(use_tls=True).use_tls is True
    assert make().database_address(user="u").backend == "mysql"


def test_contradictions(make: Make) -> None:
    config = make({"DATAMILL_URL": "postgresql://h/db", "DJ_BACKEND": "mysql"})
    with pytest.raises(ConfigError, match="the URL says 'postgresql'"):
        config.database_address()
    with pytest.raises(ConfigError, match="Two database URLs"):
        config.database_address(host="sqlite://", url="mysql://h")
    with pytest.raises(ConfigError, match="Two ports"):
        config.database_address(host="h:1", port=2)
    with pytest.raises(ConfigError, match="Did you mean 'mysql'"):
        config.database_address(backend="mysq")
    with pytest.raises(ConfigError, match="Did you mean 'sqlite'"):
        make({"DATAMILL_URL": "sqlit:///x"}).database_address()


@pytest.mark.parametrize(("scheme", "ending"), [("foo", "mariadb."), ("mysq", "Did you mean 'mysql'?")])
def test_an_unknown_scheme_tells_the_known_ones(scheme: str, ending: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_url(f"{scheme}://host/name")
    assert str(error.value).endswith(f"the scheme {scheme!r} is unknown. {error.value.hint}")
    assert str(error.value).endswith(ending)


OPTIONS = "postgresql://lab.org/db?user=ann&pass%77ord=SE%26KRET&sslkey=k.pem&sslpassword=KEY+PW"


def test_secrets_among_the_options_are_masked() -> None:
    address = parse_url(OPTIONS)
    assert (address.user, address.password) == ("ann", Secret("SE&KRET"))
    assert address.options == (("sslkey", "k.pem"), ("sslpassword", "KEY PW"))
    for text in (str(address), repr(address), mask_url(OPTIONS), mask_url("x://h/?a=b@c&passwd=SE@KRET#KEY")):
        assert MASK in text
        assert "KRET" not in text
        assert "KEY" not in text
    assert str(address).endswith(f"/db?sslkey=k.pem&sslpassword={MASK}")
    assert parse_url(address.to_url(show_password=True)) == address
    assert address.without_secrets() == parse_url("postgresql://ann@lab.org/db?sslkey=k.pem")
    assert mask_url("mysql://h/?token_length=3&mode=ro") == "mysql://h/?token_length=3&mode=ro"


def test_the_password_of_the_options_stays_with_its_user(make: Make) -> None:
    config = make({"DATAMILL_URL": OPTIONS, "DATAMILL_USER": "bob", "DATAMILL_PASS": "other"})
    address = config.database_address()
    assert (address.user, address.password) == ("ann", Secret("SE&KRET"))
    assert "KRET" not in repr(config) + repr(config.database) + repr(config.settings)
    with pytest.raises(ConfigError) as caught:
        make({"DATAMILL_URL": "mysql://lab.org:x/?password=SEKRET"}).database_address()
    assert "SEKRET" not in str(caught.value)
