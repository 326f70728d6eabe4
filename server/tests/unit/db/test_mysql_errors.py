"""Error numbers of the database are translated into exceptions."""

from __future__ import annotations

import pytest
from asyncmy.errors import OperationalError
from mnemo_server.db.errors import (
    AlreadyExists,
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    WriteConflict,
)
from mnemo_server.db.mysql.errors import translate


@pytest.mark.parametrize(
    ("number", "text", "kind"),
    [
        (1213, "Deadlock found", WriteConflict),
        (9007, "Write conflict", WriteConflict),
        (1105, "pessimistic lock retry limit reached", WriteConflict),
        (1105, "runtime error: index out of range", DatabaseError),
        (2013, "Lost connection", ConnectionLost),
        (1040, "Too many connections", DatabaseUnavailable),
        (1050, "Table 'x' already exists", AlreadyExists),
    ],
)
def test_the_exception_class_depends_on_whether_a_retry_helps(
    number: int, text: str, kind: type[DatabaseError]
):
    error = translate(OperationalError(number, text), "put_item")

    assert type(error) is kind
    assert "put_item" in str(error)
    assert text not in str(error)
