"""Flask extensions, made once and bound to an app in `create_app`. The tables know nothing of Flask: they share `metadata`."""

from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from app.models import Base

db = SQLAlchemy(metadata=Base.metadata)
csrf = CSRFProtect()
