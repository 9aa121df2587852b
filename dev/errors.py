"""The one exception of the development programs: a sentence for the person at the terminal."""


class RefusedError(Exception):
    """Something that a person must change first; its text is one sentence that names the remedy."""
