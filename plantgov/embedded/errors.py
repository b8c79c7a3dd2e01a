"""What the machine room says when it cannot do what was asked."""


class CannotStart(Exception):
    """A start, stop, backup or restore that is refused; the text says what to do next."""
