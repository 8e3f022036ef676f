"""Who may insert into tables that ``make`` fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.errors import ContractError, ContractWarning, DataMillError, warn_user
from datamill.model.table import TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def check_direct_insert(connection: Connection, spec: TableSpec, allow: bool | None) -> None:
    """Check an insert into an auto-populated table or one of its parts.

    Args:
        connection: Whose observer is a running ``make``, or None.
        spec: The table.
        allow: What the user passed as ``allow_direct_insert``.

    Raises:
        DataMillError: The table is auto-populated, and no ``make`` of it is running.
        ContractError: It is a part of such a table, and the contract is strict.

    Warns:
        ContractWarning: It is a part of such a table.
    """
    if allow or (connection.observer is not None and connection.observer.may_insert(spec.name)):
        return
    if spec.tier.is_auto_populated:
        raise DataMillError(
            f"{spec.name} is filled by its make().",
            hint="Call populate(), or pass allow_direct_insert=True to insert these rows yourself.",
        )
    master = spec.name.master
    if master is None or not master.tier.is_auto_populated:
        return
    contract = connection.config.jobs.contract
    message = f"{spec.name} is a part of {master}, whose make() inserts its rows."
    hint = "Insert in make(), or pass allow_direct_insert=True."
    if contract == "strict":
        raise ContractError(message, table=str(spec.name), other=str(master), hint=hint)
    if contract == "warn":
        warn_user(f"{message} {hint}", ContractWarning)
