#!/usr/bin/env python3
"""Genuine MySQL without installing it: Debian ships it in the suite "unstable" only, so it is unpacked into a folder.

    scripts/service_modules/mysql_unpack.py FOLDER

Downloads the packages (mysql-server-core and the libraries it needs, 50 MB), checks them against the signed list of
the archive, and unpacks them under FOLDER; nothing of the system is changed. Prints the words that start the server,
one per line: it is run by the program loader among these files, so it needs nothing of the machine's own libraries.
A ``mysqld`` on the PATH that is genuine and new enough is used instead. Says why and fails if there is no way.

Needs Python, ``dpkg-deb``, ``tar`` and the Debian archive: that from which this machine installs its packages, or
``DATAMILL_DEBIAN_MIRROR``.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

PACKAGE = "mysql-server-core"
OLDEST = (8, 0, 22)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_NOT_NEEDED = frozenset(("perl", "debconf", "dpkg", "install-info", "adduser", "init-system-helpers"))
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class UnavailableError(Exception):
    """MySQL cannot be had here; the text says why."""


@cache
def mirror() -> str:
    """Return the address of the Debian archive that this machine uses."""
    given = os.environ.get("DATAMILL_DEBIAN_MIRROR")
    if given:
        return given.rstrip("/")
    try:
        words = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Component: main"]
        listed = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        listed = []
    sites = [
        site.rstrip("/")
        for site in listed
        if site.startswith("http") and site.rstrip("/").endswith("/debian")
    ]
    if not sites:
        raise UnavailableError("no Debian archive is known here: set DATAMILL_DEBIAN_MIRROR to its address")
    return sites[0]


def server_command(root: Path) -> list[str]:
    """Return the words that start the server, downloading it if it is not there."""
    own = shutil.which("mysqld")
    if own and _version([own]) >= OLDEST:
        return [own]
    if not (root / ".complete").exists():
        unpack(root)
    loaders = sorted(root.glob("usr/lib*/**/ld-linux-*.so.*"))
    if not loaders:
        raise UnavailableError(f"no program loader among the files in {root}")
    libraries = sorted({str(path.parent) for path in (root / "usr/lib").glob("*-linux-gnu/*.so*")})
    command = [str(loaders[0]), "--library-path", ":".join(libraries), str(root / "usr/sbin/mysqld")]
    if _version(command) < OLDEST:
        raise UnavailableError(f"the unpacked server does not run: {' '.join(command)}")
    return command


def _version(command: list[str]) -> tuple[int, ...]:
    """Return the version of a genuine server, (0,) for anything else."""
    try:
        words = [*command, "--no-defaults", "--version"]
        result = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.search(r"Ver (\d+)\.(\d+)\.(\d+)", result.stdout)
    if found is None or "MariaDB" in result.stdout:
        return (0,)
    return tuple(map(int, found.groups()))


def unpack(root: Path) -> None:
    """Download the server with its libraries and unpack them."""
    if shutil.which("dpkg-deb") is None:
        raise UnavailableError("dpkg-deb is not installed, so Debian's packages cannot be unpacked")
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise UnavailableError(f"Debian has no MySQL for {machine}")
    packages = _read_list(_signed_list(_ARCHITECTURES[machine]))
    wanted = [packages[name] for name in _closure(packages)]
    downloads = root.with_name(f"{root.name}.downloads")
    downloads.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "usr").mkdir()
    for name in ("lib", "lib64", "bin", "sbin"):
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(8) as pool:
        for file in pool.map(lambda entry: _download(entry, downloads), wanted):
            _extract(file, root)
    shutil.rmtree(downloads)
    (root / ".complete").touch()


def _extract(file: Path, root: Path) -> None:
    """Unpack one package, through the links of the merged /usr."""
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(file)], stdout=subprocess.PIPE)
    done = subprocess.run(
        ["tar", "-x", "--no-same-owner", "--keep-directory-symlink", "-C", str(root)],
        stdin=archive.stdout,
        capture_output=True,
        text=True,
    )
    if archive.wait() or done.returncode:
        raise UnavailableError(f"{file.name} cannot be unpacked: {done.stderr.strip()}")


def _fetch(path: str) -> bytes:
    try:
        with urllib.request.urlopen(f"{mirror()}/{path}", timeout=60) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"{mirror()}/{path} cannot be downloaded: {error}") from error


def _signed_list(architecture: str) -> str:
    """Return the archive's list of packages, after checking its hash and the signature over that."""
    release = _fetch("dists/sid/InRelease")
    _check_signature(release)
    name = f"main/binary-{architecture}/Packages.xz"
    hashes = release.decode().split("\nSHA256:", 1)[-1]
    found = re.search(rf"^ ([0-9a-f]{{64}})\s+\d+ {re.escape(name)}$", hashes, re.M)
    content = _fetch(f"dists/sid/{name}")
    if found is None or hashlib.sha256(content).hexdigest() != found[1]:
        raise UnavailableError(
            f"{name} of Debian unstable does not have the hash that its release file states"
        )
    return lzma.decompress(content).decode()


def _check_signature(release: bytes) -> None:
    gpgv = shutil.which("gpgv")
    if gpgv is None or not _KEYRING.exists():
        return  # hashes are checked all the same; the packages run as an unprivileged user, for tests
    done = subprocess.run([gpgv, "--keyring", str(_KEYRING), "-"], input=release, capture_output=True)
    if done.returncode and b"Good signature" not in done.stderr:
        raise UnavailableError(
            f"the release file of Debian unstable is not signed by a known key: {done.stderr!r}"
        )


def _read_list(text: str) -> dict[str, dict[str, str]]:
    """Return package -> fields, and what packages provide under other names."""
    packages: dict[str, dict[str, str]] = {}
    provided: dict[str, dict[str, str]] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(\S+): (.*)$", paragraph, re.M))
        if "Package" not in fields:
            continue
        packages[fields["Package"]] = fields
        for name in _names(fields.get("Provides", "")):
            provided.setdefault(name, fields)
    return provided | packages


def _names(dependencies: str) -> Iterator[str]:
    """Yield the first alternative of each dependency, without versions."""
    for item in dependencies.split(","):
        name = re.match(r"\s*([^\s:(|]+)", item)
        if name is not None:
            yield name[1]


def _closure(packages: dict[str, dict[str, str]]) -> list[str]:
    if PACKAGE not in packages:
        raise UnavailableError(f"Debian unstable has no {PACKAGE} at present")
    found: dict[str, None] = {}
    work = [PACKAGE]
    while work:
        name = work.pop()
        if name in found or name in _NOT_NEEDED or name not in packages:
            continue
        found[name] = None
        work += _names(packages[name].get("Depends", ""))
        work += _names(packages[name].get("Pre-Depends", ""))
    return list(found)


def _download(entry: dict[str, str], folder: Path) -> Path:
    file = folder / Path(entry["Filename"]).name
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != entry["SHA256"]:
        content = _fetch(entry["Filename"])
        if hashlib.sha256(content).hexdigest() != entry["SHA256"]:
            raise UnavailableError(f"{file.name} does not have the hash that Debian's list states")
        file.write_bytes(content)
    return file


def main(words: list[str]) -> int:
    """Unpack the server and print how to start it."""
    if len(words) != 1 or words[0].startswith("-"):
        print(__doc__)
        return 2
    try:
        print("\n".join(server_command(Path(words[0]).resolve())))
    except (UnavailableError, OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
