"""What a file can be refused for before one of its cells is read."""

from portal.kernel.errors import Problem, TooLarge


class UnreadableFile(Problem):
    """The file is no plan: broken, of another kind, or without the plan's columns."""

    code = "unreadable_file"
    title = "The file cannot be read"
    status = 400


class FileTooLarge(TooLarge):
    """More bytes or rows than one import takes, packed or unpacked."""

    title = "The file is too large"
