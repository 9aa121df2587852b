"""Pure rules: plain values in, answers out. No Flask, no SQLAlchemy, no I/O, no clock."""
