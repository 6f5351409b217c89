"""What makes a whole file unreadable, as opposed to one bad cell in it."""


class SheetError(ValueError):
    """The file cannot be read as a plan; the text is a sentence for its sender."""


class TooManyRows(SheetError):
    """More rows than one import takes."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The file has more than {most:,} rows. One import takes {most:,}: "
            "split the file and import its parts one after the other."
        )
