from typing import Any

class AWSPreparedRequest:
    def __init__(self, method: str, url: str, headers: Any, body: Any, stream_output: bool) -> None: ...

class AWSResponse:
    status_code: int
    headers: Any
    raw: Any
