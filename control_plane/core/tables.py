"""The base of all tables here. None names a schema: ``core/database.py`` sets each transaction's search_path."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Row, Select, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        str: Text,
    }
