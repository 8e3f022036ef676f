from adbc_driver_manager.dbapi import Connection

apilevel: str

def connect(uri: str, *, autocommit: bool = False) -> Connection: ...
