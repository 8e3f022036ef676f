"""One store: putting, getting and removing objects under safe paths."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from datamill.errors import BucketInaccessible, ConfigError, InvalidValueError
from datamill.settings.secret import MaskedDict
from datamill.storage import journal, listing
from datamill.storage.adapter import get_storage_adapter
from datamill.storage.faults import faults, missing
from datamill.storage.filesystems import make_direct, make_filesystem, s3_endpoint
from datamill.storage.hashing import content_hash, md5_of
from datamill.storage.local_files import remove_empty_parents, writing
from datamill.storage.paths import join, safe_path
from datamill.storage.s3_direct import LARGEST, DirectS3
from datamill.storage.streams import Buffer, Content, copy

LARGEST_CREATED: Final = 8 * 2**20
"""Bytes that are sent without asking first whether they are there."""
_SCHEMES = {"s3": "s3", "gcs": "gs", "azure": "az", "memory": "memory"}


class StorageBackend:
    """A store, opened when it is first used. Every path is checked before anything is read or written.

    Args:
        spec: Settings of the store, as `Config.get_store_spec` gives them.
        name: Name of the store, for messages.
        create: Make the folder of a ``file`` store if it does not exist.

    Raises:
        ConfigError: The settings name no protocol or no location.
        FileNotFoundError: The folder of a ``file`` store does not exist.

    Example:
        >>> backend = StorageBackend({"protocol": "memory", "location": "docs"}, "main")
        >>> backend.put_buffer(b"spikes", "raw/spikes.bin")
        >>> backend.get_buffer("raw/spikes.bin")
        b'spikes'
    """

    def __init__(self, spec: Mapping[str, Any], name: str = "", *, create: bool = False) -> None:
        for key in ("protocol", "location"):
            if spec.get(key) is None:
                raise ConfigError(f"A store needs {key!r}.", setting=f"stores.{name}.{key}")
        self.spec = MaskedDict(spec)
        self.name = name
        self.protocol: str = spec["protocol"]
        self._fs: Any = None
        self._direct: DirectS3 | None = None
        self._pid = 0
        self._create = create
        self._root = Path(spec["location"]) if self.protocol == "file" else None
        self._base = None if self._root is None else self._root.parent if create else self._root
        if self._root is not None and not create and not self._root.is_dir():
            raise FileNotFoundError(
                f"The folder {str(self._root)!r} of store {name!r} does not exist. Create it, or correct "
                f"stores.{name}.location."
            )

    def __repr__(self) -> str:
        return f"StorageBackend({self.name!r}, {self._full_path('')!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (dict(self.spec), self.name, self._create)

    @property
    def fs(self) -> Any:
        """The fsspec filesystem; made again in a forked child."""
        self._connect()
        return self._fs

    def _connect(self) -> DirectS3 | None:
        """Make what reads and writes, once in each process; return what does so for whole objects, if there is that."""
        if self._pid != os.getpid():
            base = None if self._base is None else str(self._base)
            self._fs, self._direct = make_filesystem(self.spec, base), make_direct(self.spec)
            self._pid = os.getpid()
        return self._direct

    @property
    def identity(self) -> tuple[str, ...]:
        """What the store is, whatever its name: protocol, server, bucket and location."""
        place = self.spec.get("bucket") or self.spec.get("container") or ""
        server = s3_endpoint(self.spec) if self.spec.get("endpoint") else self.spec.get("account_name") or ""
        location = self.spec["location"]
        location = os.path.realpath(location) if self._root is not None else str(location).strip("/")
        return (self.protocol, str(server), str(place), location)

    # paths -----------------------------------------------------------------------------------------------------

    def _full_path(self, path: str) -> str:
        """Return where a path of the store lies in the filesystem.

        Raises:
            DataMillError: The path is not safe.
        """
        if path:
            safe_path(path, self.name)
        if self._root is not None:
            return str(self._root / path) if path else str(self._root)
        adapter = get_storage_adapter(self.protocol)
        if adapter is not None:
            return adapter.full_path(self.spec, path)
        place = self.spec.get("bucket") or self.spec.get("container") or ""
        joined = join(str(place), str(self.spec["location"]), path)
        return f"/{joined}" if self.protocol == "memory" else joined

    def _local(self, path: str) -> Path:
        assert self._root is not None
        self._check_base()
        return self._root / safe_path(path, self.name)

    def _check_base(self) -> None:
        """Make sure that the folder of the store is still there: without its disk everything looks absent.

        Raises:
            BucketInaccessible: It is not.
        """
        if self._base is not None and not self._base.is_dir():
            raise BucketInaccessible(
                f"The folder {str(self._base)!r} of store {self.name!r} is gone.",
                store=self.name,
                hint="Mount its disk again, or create it, then repeat what you did.",
            )

    def get_url(self, path: str) -> str:
        """Return the URL of an object: ``file:///data/raw/x``, ``s3://bucket/raw/x``."""
        full = self._full_path(path)
        if self._root is not None:
            return f"file://{Path(full).absolute().as_posix()}"
        adapter = get_storage_adapter(self.protocol)
        if adapter is not None:
            return adapter.get_url(self.spec, full)
        return f"{_SCHEMES[self.protocol]}://{full.lstrip('/')}"

    # writing ---------------------------------------------------------------------------------------------------

    def put_buffer(self, buffer: Buffer, remote: str, digest: str | None = None) -> Content:
        """Store bytes under a path, replacing what is there; return their size and hash.

        Args:
            buffer: The bytes.
            remote: The path.
            digest: Their hash, if it is known.

        Raises:
            BucketInaccessible, DataMillError: They cannot be stored.
        """
        self._note(remote)
        digest = content_hash(buffer) if digest is None else digest
        with faults(self.name, remote, "writing"):
            if self._root is not None:
                with writing(self._local(remote), self._base) as file:
                    file.write(buffer)
            elif not self._put(buffer, remote, digest):
                self.fs.pipe_file(self._full_path(remote), bytes(buffer))
        return Content(len(buffer), digest)

    def create_buffer(self, buffer: Buffer, remote: str, digest: str) -> bool:
        """Store bytes under a path unless something is there, in one request; return whether they were stored.

        For content under its hash: where a store cannot do that, nothing is stored and the answer is False, but some
        servers replace what is there.
        """
        if len(buffer) > LARGEST_CREATED:
            return False
        with faults(self.name, remote, "writing"):
            return self._put(buffer, remote, digest, create=True)

    def _put(self, buffer: Buffer, remote: str, digest: str, *, create: bool = False) -> bool:
        """Store bytes in one request, if that is possible; return whether they were stored."""
        full, direct = self._full_path(remote), self._connect()
        if direct is None or len(buffer) > LARGEST:
            return False
        return direct.put(full, buffer, md5_of(digest), create=create)

    def put_stream(self, source: Any, remote: str) -> Content:
        """Store what a binary stream gives, in pieces; return its size and hash."""
        self._note(remote)
        with faults(self.name, remote, "writing"):
            if self._root is not None:
                with writing(self._local(remote), self._base) as file:
                    return copy(source, file)
            full = self._full_path(remote)
            try:
                with self.fs.open(full, "wb") as file:
                    return copy(source, file)
            except InvalidValueError:
                self.remove(remote)
                raise

    def put_file(self, local: str | os.PathLike[str], remote: str) -> Content:
        """Store a local file; return its size and hash.

        Raises:
            FileNotFoundError: There is no such local file.
        """
        with Path(local).open("rb") as source:
            return self.put_stream(source, remote)

    def copy_from_url(self, url: str, remote: str) -> Content:
        """Store what a URL that fsspec understands leads to; return its size and hash."""
        import fsspec

        with faults(self.name, url, "reading"), fsspec.open(url, "rb") as source:
            return self.put_stream(source, remote)

    def put_folder(self, local: str | os.PathLike[str], remote: str) -> dict[str, Any]:
        """Store a local folder with all it holds, and its manifest; return the manifest."""
        from datamill.storage.folders import put_folder

        return put_folder(self, Path(local), remote)

    def _note(self, remote: str) -> None:
        """Tell the running insert what it has to remove if it fails."""
        journal.note(self, safe_path(remote, self.name))

    # reading ---------------------------------------------------------------------------------------------------

    def get_buffer(self, remote: str) -> bytes:
        """Return the content of an object.

        Raises:
            MissingExternalFile: There is no such object.
        """
        with faults(self.name, remote, "reading"):
            if self._root is not None:
                return self._local(remote).read_bytes()
            return self._get(remote)

    def get_range(self, remote: str, start: int, stop: int) -> bytes:
        """Return the bytes of an object from start up to stop, as far as there are any, and read no others.

        Raises:
            MissingExternalFile: There is no such object.
        """
        if start >= stop:
            return b""
        try:
            with faults(self.name, remote, "reading"):
                if self._root is None:
                    return self._get(remote, start, stop)
                with self._local(remote).open("rb") as file:
                    file.seek(start)
                    return file.read(stop - start)
        except BucketInaccessible:  # so some stores answer if the object ends before the range begins
            if self.size(remote) <= start:
                return b""
            raise

    def _get(self, remote: str, start: int | None = None, stop: int | None = None) -> bytes:
        full, direct = self._full_path(remote), self._connect()
        found = None if direct is None else direct.get(full, start, stop)
        return bytes(self.fs.cat_file(full, start=start, end=stop)) if found is None else found

    def get_file(self, remote: str, local: str | os.PathLike[str]) -> Content:
        """Copy an object to a local file, which appears when it is complete; return its size and hash."""
        with (
            self.open(remote) as source,
            writing(Path(local)) as target,
            faults(self.name, remote, "reading"),
        ):
            return copy(source, target)

    def open(self, remote: str, mode: str = "rb") -> BinaryIO:
        """Open an object as a file."""
        is_new = any(letter in mode for letter in "wax+")
        if is_new:
            self._note(remote)
        with faults(self.name, remote, "writing" if is_new else "opening"):
            self._check_base()
            opened: BinaryIO = self.fs.open(self._full_path(remote), mode)
            return opened

    def get_fsmap(self, path: str) -> Any:
        """Return a mapping of a folder for zarr and xarray."""
        self._check_base()
        return self.fs.get_mapper(self._full_path(path))

    # asking ----------------------------------------------------------------------------------------------------

    def info(self, remote: str) -> listing.Listed | None:
        """Return size and time of an object that is a file; None if there is none."""
        with faults(self.name, remote, "looking for"):
            if self._root is not None:
                try:
                    status = self._local(remote).stat()
                except (FileNotFoundError, NotADirectoryError):
                    return None
                return listing.Listed(remote, status.st_size, status.st_mtime)
            try:
                found = self.fs.info(self._full_path(remote))
            except FileNotFoundError:
                return None
            return listing.Listed(remote, int(found.get("size") or 0), listing._modified(found))

    def exists(self, remote: str) -> bool:
        """Tell whether there is an object, file or folder."""
        with faults(self.name, remote, "looking for"):
            self._check_base()
            return bool(self.fs.exists(self._full_path(remote)))

    def isdir(self, remote: str) -> bool:
        """Tell whether a path is a folder."""
        with faults(self.name, remote, "looking for"):
            self._check_base()
            return bool(self.fs.isdir(self._full_path(remote)))

    def size(self, remote: str) -> int:
        """Return the size of an object in bytes.

        Raises:
            MissingExternalFile: There is no such object.
        """
        found = self.info(remote)
        if found is None:
            raise missing(self.name, remote)
        return found.size

    def list(self, prefix: str = "") -> Iterator[listing.Listed]:
        """List the files below a prefix.

        Raises:
            BucketInaccessible: Something below it cannot be read.
        """
        full = self._full_path(prefix)
        with faults(self.name, prefix, "listing"):
            if self._root is not None:
                self._check_base()
                yield from listing.list_local(self._root, prefix)
            else:
                root = self._full_path("")
                inner = full.strip("/")[len(root.strip("/")) :].strip("/")
                yield from listing.list_remote(self.fs, self.protocol, root, inner)

    def unfinished(self, prefix: str) -> tuple[listing.Unfinished, ...]:
        """List the uploads in parts below a prefix that were broken off, or run now; other objects never show them.

        Only S3 keeps such parts for ever.

        Raises:
            BucketInaccessible: They cannot be listed.
        """
        direct = self._connect()
        if direct is None:
            return ()
        root = len(self._full_path("")) + 1
        with faults(self.name, prefix, "listing unfinished uploads of"):
            return tuple(
                listing.Unfinished(path[root:], upload, begun.timestamp())
                for path, upload, begun in direct.unfinished(self._full_path(prefix))
            )

    def abort(self, upload: listing.Unfinished) -> None:
        """Remove the parts of an upload that was broken off."""
        direct = self._connect()
        if direct is not None:
            with faults(self.name, upload.path, "removing the parts of"):
                direct.abort(self._full_path(upload.path), upload.id)

    # removing --------------------------------------------------------------------------------------------------

    def remove(self, remote: str) -> None:
        """Remove an object and the empty folders above it; one that is not there is no error."""
        with faults(self.name, remote, "removing"):
            if self._root is not None:
                path = self._local(remote)
                path.unlink(missing_ok=True)
                remove_empty_parents(path, self._root)
                return
            try:
                self.fs.rm_file(self._full_path(remote))
            except FileNotFoundError:
                return

    def remove_folder(self, remote: str) -> None:
        """Remove a folder with all it holds; one that is not there is no error."""
        with faults(self.name, remote, "removing"):
            if self._root is not None:
                path = self._local(remote)
                if path.is_dir():
                    shutil.rmtree(path)
                remove_empty_parents(path, self._root)
                return
            try:
                self.fs.rm(self._full_path(remote), recursive=True)
            except FileNotFoundError:
                return


def _restore(spec: dict[str, Any], name: str, create: bool) -> StorageBackend:
    return StorageBackend(spec, name, create=create)
