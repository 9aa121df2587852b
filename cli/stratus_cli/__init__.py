"""The command line of Stratus. It knows the portal's API and nothing of its code."""

__version__ = "0.1.0"
