"""What queries read through: the connection of a call (`app.reader`), or a session."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session

Reader = Connection | Session | scoped_session[Any]
