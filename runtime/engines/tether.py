"""Runs a program that dies with its parent: `python -I -S tether.py PARENT SIGNAL PROGRAM ARGUMENT…`.

It replaces itself by the program, and imports nothing of ours, so that it starts in milliseconds. The signal must be
asked for here, after any change of user: the kernel forgets it when credentials change.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, death_signal, *program = arguments
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal)) != 0:
        sys.exit(f"cannot tie {program[0]} to its parent: errno {ctypes.get_errno()}")
    if os.getppid() != int(parent):
        sys.exit(0)  # The parent died before the tie was made: there is nobody left to run for.
    os.execvp(program[0], program)  # noqa: S606  (replacing itself is what it is for)


if __name__ == "__main__":
    main(sys.argv[1:])
