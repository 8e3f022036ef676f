"""Whole objects to and from S3, each in one request with a signed URL, from any number of threads.

s3fs does the same with three times the work, all of it in one thread. What is out of the ordinary (a redirect, a
refusal, a lost connection, a busy server) is left to s3fs, which knows about retries and regions.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from datamill.storage.streams import Buffer

LARGEST: Final = 32 * 2**20
"""Bytes that are sent in one request; more goes in parts, which s3fs does."""
_FORESEEN: Final = frozenset(
    {
        HTTPStatus.OK,
        HTTPStatus.PARTIAL_CONTENT,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""What a server may answer; after anything else (a redirect, a refusal) s3fs does all work."""


class DirectS3:
    """Gets and puts objects of one S3 server.

    Args:
        client: Arguments of botocore's `create_client`.
        config: Arguments of botocore's `Config`.
        profile: Named profile of the machine's credentials; None: its default.
    """

    def __init__(self, client: Mapping[str, Any], config: Mapping[str, Any], profile: str | None) -> None:
        from botocore.config import Config
        from botocore.httpsession import URLLib3Session
        from botocore.session import Session
        from botocore.utils import get_environ_proxies

        session = Session(profile=profile)
        made = Config(**config, signature_version="s3v4")
        self._client = session.create_client("s3", **client, config=made)
        proxies = config.get("proxies") or get_environ_proxies(self._client.meta.endpoint_url)
        bundle = session.get_config_variable("ca_bundle")
        self._http = URLLib3Session(
            verify=bundle or True, proxies=proxies, max_pool_connections=config["max_pool_connections"]
        )
        self._works = True
        self._creates = True

    def get(self, path: str, start: int | None = None, stop: int | None = None) -> bytes | None:
        """Return an object, or its bytes from start up to stop; None: ask s3fs.

        Args:
            path: ``bucket/key``.
            start: First byte.
            stop: Byte after the last.

        Raises:
            FileNotFoundError: There is no such object.
        """
        headers = {} if start is None or stop is None else {"Range": f"bytes={start}-{stop - 1}"}
        status, content = self._send("GET", "get_object", path, headers)
        if status == (HTTPStatus.PARTIAL_CONTENT if headers else HTTPStatus.OK):
            return content
        if status == HTTPStatus.NOT_FOUND:
            raise FileNotFoundError(path)
        return None

    def put(self, path: str, content: Buffer, md5: bytes, *, create: bool = False) -> bool:
        """Store an object; return whether that is done. If not, ask s3fs.

        Args:
            path: ``bucket/key``.
            content: At most `LARGEST` bytes.
            md5: Digest of the content, which the server compares.
            create: Only if there is no such object; servers that do not know this condition replace it, or refuse.
        """
        if create and not self._creates:
            return False
        headers = {"Content-MD5": b64encode(md5).decode(), "Content-Type": "application/octet-stream"}
        if create:
            headers["If-None-Match"] = "*"
        status, _ = self._send("PUT", "put_object", path, headers, content)
        if create and status == HTTPStatus.NOT_IMPLEMENTED:
            self._creates = False
        return status == HTTPStatus.OK

    def unfinished(self, path: str) -> Iterator[tuple[str, str, datetime]]:
        """Yield path, id and beginning of the uploads in parts below a path that were not finished."""
        bucket, _, prefix = path.partition("/")
        for page in self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Prefix=f"{prefix}/"
        ):
            for item in page.get("Uploads") or ():
                yield f"{bucket}/{item['Key']}", item["UploadId"], item["Initiated"]

    def abort(self, path: str, upload: str) -> None:
        """Remove the parts of an unfinished upload."""
        bucket, _, key = path.partition("/")
        self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)

    def _send(
        self, method: str, operation: str, path: str, headers: dict[str, str], body: Buffer | None = None
    ) -> tuple[int | None, bytes]:
        """Return status and content of the response to a signed request; without a response the status is None."""
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        if not self._works:
            return None, b""
        bucket, _, key = path.partition("/")
        try:
            url = self._client.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})
            response = self._http.send(AWSPreparedRequest(method, url, headers, body, stream_output=True))
            content = response.raw.read()
        except (
            BotoCoreError,
            HTTPError,
        ):  # no credentials, no connection: s3fs tries again, and says what is wrong
            return None, b""
        self._works = response.status_code in _FORESEEN or response.status_code > HTTPStatus.NOT_IMPLEMENTED
        return response.status_code, content
