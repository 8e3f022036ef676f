from botocore.awsrequest import AWSPreparedRequest, AWSResponse

class URLLib3Session:
    def __init__(
        self,
        verify: bool | str = ...,
        proxies: dict[str, str] | None = ...,
        timeout: float | None = ...,
        max_pool_connections: int = ...,
    ) -> None: ...
    def send(self, request: AWSPreparedRequest) -> AWSResponse: ...
    def close(self) -> None: ...
