"""Empty stores in the emulators of Google Cloud Storage and Azure that ``scripts/services`` starts."""

from __future__ import annotations

import json
import urllib.request
import uuid
from pathlib import Path

import pytest
from tests.services import service_url

AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Account and key of every Azurite, as its documentation gives them."""


def gcs_store(request: pytest.FixtureRequest, folder: Path) -> dict[str, object]:
    """Make a bucket in the emulator of Google Cloud Storage."""
    url, patch = _url("gcs"), request.getfixturevalue("monkeypatch")
    patch.setenv("STORAGE_EMULATOR_HOST", url)
    name = f"test-{uuid.uuid4().hex}"
    content, headers = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    ask = urllib.request.Request(f"{url}/storage/v1/b?project=test", content, headers, method="POST")
    urllib.request.urlopen(ask).close()
    return {"protocol": "gcs", "bucket": name, "location": "lab/data", "token": "anon", "project": "test"}


def azure_store(request: pytest.FixtureRequest, folder: Path) -> dict[str, object]:
    """Make a container in Azurite."""
    import adlfs  # type: ignore[import-untyped]

    url, name = _url("azure"), f"test-{uuid.uuid4().hex}"
    parts = {
        "DefaultEndpointsProtocol": "http",
        "AccountName": AZURE_ACCOUNT,
        "AccountKey": AZURE_KEY,
        "BlobEndpoint": f"{url}/{AZURE_ACCOUNT}",
    }
    connection = ";".join(f"{key}={value}" for key, value in parts.items()) + ";"
    adlfs.AzureBlobFileSystem(connection_string=connection).mkdir(name)
    return {
        "protocol": "azure",
        "container": name,
        "location": "lab/data",
        "connection_string": connection,
    }


def _url(name: str) -> str:
    url = service_url(name)
    if url is None:
        pytest.skip(f"the emulator of {name} does not run (scripts/services start {name})")
    return url
