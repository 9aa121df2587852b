"""How much work and how much output one rendering may make: counted, not timed, so that the answer is always the same."""

from typing import Any

WORK = 200_000
LONGEST_TEXT = 262_144
LONGEST_RANGE = 1_000
INTEGER_BITS = 256
CHARACTERS_A_UNIT = 64


class ExpressionError(Exception):
    """This expression cannot be worked out.

    message: a sentence for people. It quotes the expression (the catalog's text) and names, never a value.
    """

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Budget:
    """What is left of the work that one rendering may make."""

    def __init__(self, work: int = WORK) -> None:
        self.left = work

    def spend(self, units: int) -> None:
        """Take `units` away. Raises ExpressionError when nothing is left."""
        self.left -= units
        if self.left < 0:
            raise ExpressionError("takes too much work")

    def weigh(self, value: Any) -> int:
        """Spend what looking at all of `value` costs, and give the length of its text, roughly.

        Lists that hold the same list many times are counted as often as they would be written: they are small in
        memory and endless on paper. Raises ExpressionError for texts and numbers that are too large.
        """
        characters, todo = 0, [value]
        while todo:
            one = todo.pop()
            length = self._length(one)
            characters += length
            self.spend(1 + length // CHARACTERS_A_UNIT)
            if isinstance(one, dict):
                todo.extend(one)
                todo.extend(one.values())
            elif isinstance(one, list):
                self.spend(len(one))
                todo.extend(one)
        return characters

    def _length(self, value: Any) -> int:
        if isinstance(value, str):
            return self.text(len(value))
        if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
            raise ExpressionError("makes a number that is too large")
        return 8

    def text(self, length: int) -> int:
        """Check that a text of `length` characters may be made; gives `length` back."""
        if length > LONGEST_TEXT:
            raise ExpressionError(f"makes a text of more than {LONGEST_TEXT} characters")
        return length
