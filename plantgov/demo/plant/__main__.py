"""`python -m plantgov.demo.plant DATA_DIR`: the plant as a program of its own."""

import sys
from pathlib import Path

from plantgov.demo.plant.model import PlantError
from plantgov.demo.plant.process import run

_COULD_NOT_RUN = 2


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the plant of one data directory until it is told to stop; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Say where the plant keeps its state: python -m plantgov.demo.plant DATA_DIR\n")
        return _COULD_NOT_RUN
    try:
        run(Path(arguments[0]), say=_say)
    except PlantError as error:
        sys.stderr.write(f"{error}\n")
        return _COULD_NOT_RUN
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
