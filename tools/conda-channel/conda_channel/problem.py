"""What a person may see when the channel cannot be made."""


class Problem(Exception):
    """What happened and the way out; `code` is the command's exit code (1 no, 2 wrong use, 3 failed)."""

    def __init__(self, what: str, hint: str, code: int = 3) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.code = code
