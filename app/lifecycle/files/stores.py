"""Which store of files the settings ask for."""

from app.lifecycle.files.bucket import Bucket, Place
from app.lifecycle.files.objects import BothFiles, ObjectFiles
from app.lifecycle.files.store import Begin, DatabaseFiles, FileStore
from app.vault import Vault
from config import Settings


def file_store(settings: Settings, begin: Begin, vault: Vault) -> FileStore:
    """The store of this process. begin: opens a connection to PostgreSQL in a transaction of its own."""
    database = DatabaseFiles(begin, vault)
    if not settings.s3_bucket:
        return database
    place = Place(
        settings.s3_bucket,
        settings.s3_endpoint_url,
        settings.s3_region,
        settings.s3_access_key_id,
        settings.s3_secret_access_key,
        settings.s3_timeout_seconds,
    )
    objects = ObjectFiles(Bucket(place), vault)
    return BothFiles(database, objects, objects if settings.file_store == "s3" else database)
