"""Many orders sent as one."""
