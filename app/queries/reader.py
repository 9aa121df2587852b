"""What queries read through: the session of a request, or one of its own."""

from typing import Any

from sqlalchemy.orm import Session, scoped_session

Reader = Session | scoped_session[Any]
