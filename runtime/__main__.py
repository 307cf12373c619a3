"""The command line: `python -m runtime ROLE`. Each role imports what it needs, and nothing else."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import FrameType
from typing import Any, cast

import uvloop

from runtime.causes import first_cause
from runtime.logs import logger, start_logging
from runtime.prerequisites import CannotStart
from runtime.settings import Settings, SettingsInvalid

Outcome = Coroutine[object, object, object] | int | None
"""What a role returns: work still to be awaited, an exit code, or nothing."""


def up(_options: argparse.Namespace) -> Outcome:
    """Run the whole platform until Ctrl-C"""
    from runtime.supervision.up import prepared, supervise

    with prepared() as settings:
        return asyncio.run(supervise(settings))


def serve(options: argparse.Namespace) -> Outcome:
    """Serve the subgraphs"""
    settings = started("serve")
    from runtime.serving.role import run

    return run(settings, options.subgraphs)


def work(options: argparse.Namespace) -> Outcome:
    """Run projections, reactions, effects and timers"""
    settings = started("work", options.subgraphs)
    from runtime.working import run

    freeze_collector()
    return run(settings, options.subgraphs)


def relay(_options: argparse.Namespace) -> Outcome:
    """Carry the journals to Kafka, and nothing else"""
    settings = started("relay")
    from runtime.relaying import run

    return run(settings)


def issue(_options: argparse.Namespace) -> Outcome:
    """Run the development token issuer"""
    settings = started("issue")
    from runtime.development.issuer import run

    return run(settings)


def provide_payments(_options: argparse.Namespace) -> Outcome:
    """Run the development payment provider"""
    settings = started("provide-payments")
    from runtime.development.provider import run

    return run(settings)


def migrate(_options: argparse.Namespace) -> Outcome:
    """Bring the database and the topics to this version"""
    settings = started("migrate")
    from runtime.migrating import run

    return run(settings)


def rebuild(options: argparse.Namespace) -> Outcome:
    """Build one view anew from the log"""
    settings = started("rebuild")
    from runtime.rebuilding import run

    return run(settings, options.view)


def letters(options: argparse.Namespace) -> Outcome:
    """Show what consumers could not digest, and what waits behind it"""
    from runtime.letters import show

    answer = asyncio.run(show(quiet("letters"), options.consumer))
    print(answer.text)
    return answer.code


def replay(options: argparse.Namespace) -> Outcome:
    """Digest the letters of one key after all, once their cause is mended"""
    from runtime.letters import again

    answer = asyncio.run(again(quiet("replay"), options.consumer, options.key))
    print(answer.text)
    return answer.code


def schema(options: argparse.Namespace) -> Outcome:
    """Write the schema files, or check that they are up to date"""
    from runtime.schema import check, write

    return check() if options.check else write()


def token(options: argparse.Namespace) -> Outcome:
    """Print a development token of a demo person"""
    from runtime.development.issuer import UnknownPerson, token_of

    try:
        print(token_of(Settings.from_environment(needs=needs("token")), options.person))
    except UnknownPerson as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def settings(options: argparse.Namespace) -> Outcome:
    """Print every setting, its unit, default and meaning"""
    from runtime.describing import page, rows, write_page

    if options.write:
        write_page()
    else:
        print(page() if options.markdown else "\n".join(rows()))
    return 0


NEEDS = {
    "serve": ("runtime_password", "router_secret", "code_secret", "cursor_secret"),
    "work": ("runtime_password",),
    "relay": ("runtime_password",),
    "migrate": ("owner_password", "runtime_password"),
    "rebuild": ("owner_password", "runtime_password"),
    "letters": ("runtime_password",),
    "replay": ("runtime_password", "provider_secret"),
    "issue": ("partner_secret",),
    "token": (),
    "provide-payments": ("provider_secret",),
}
"""The secrets that a role cannot do without; who starts it by itself gives it no others. Paying takes one more."""


def needs(role: str, subgraphs: Sequence[str] = ()) -> Sequence[str]:
    """The secrets of a role, for the named subgraphs or all."""
    pays = role == "work" and (not subgraphs or "payments" in subgraphs)
    return (*NEEDS[role], *(("provider_secret",) if pays else ()))


def started(role: str, subgraphs: Sequence[str] = ()) -> Settings:
    """The settings of a role that logs."""
    chosen = Settings.from_environment(needs=needs(role, subgraphs))
    start_logging(chosen.log_level)
    return chosen


def quiet(role: str) -> Settings:
    """The settings of a role that answers a person: only what goes wrong is logged."""
    chosen = Settings.from_environment(needs=needs(role))
    start_logging("error")
    return chosen


def freeze_collector() -> None:
    """Keep what was imported out of every later collection, which would look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


ROLES: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "up": up,
    "serve": serve,
    "work": work,
    "relay": relay,
    "issue": issue,
    "provide-payments": provide_payments,
    "migrate": migrate,
    "rebuild": rebuild,
    "letters": letters,
    "replay": replay,
    "schema": schema,
    "token": token,
    "settings": settings,
}


Argument = tuple[str, Mapping[str, str]]
SUBGRAPHS: Argument = ("subgraphs", {"nargs": "*", "help": "none: all of them"})
ARGUMENTS: Mapping[str, Sequence[Argument]] = {
    "serve": [SUBGRAPHS],
    "work": [SUBGRAPHS],
    "rebuild": [("view", {"help": "the view's name: its table"})],
    "letters": [("consumer", {"nargs": "?", "help": "none: all of them, in a line for each key"})],
    "replay": [
        ("consumer", {"help": "as `letters` names it"}),
        ("key", {"help": "as `letters` names it: a stream, or a timer's id"}),
    ],
    "schema": [("--check", {"action": "store_true", "help": "change nothing, fail when they differ"})],
    "token": [("person", {"help": "aino, eero, kitchen, otso, sanna, dispatch, fia, admin, …"})],
    "settings": [
        ("--markdown", {"action": "store_true", "help": "as tables, the gateway's too"}),
        ("--write", {"action": "store_true", "help": "these tables, into docs/operations.md"}),
    ],
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m runtime")
    commands = top.add_subparsers(required=True, metavar="ROLE")
    for name, role in ROLES.items():
        command = commands.add_parser(name, help=role.__doc__, description=role.__doc__)
        command.set_defaults(role=role)
        for argument, options in ARGUMENTS.get(name, ()):
            command.add_argument(argument, **cast("Any", options))
    return top


def main() -> int:
    options = parser().parse_args()
    try:
        outcome: Outcome = options.role(options)
        if isinstance(outcome, Coroutine):
            return uvloop.run(until_told(outcome))
    except (CannotStart, SettingsInvalid) as reason:
        print(f"Cannot start. {reason}", file=sys.stderr)
        return 1
    return outcome if isinstance(outcome, int) else 0


async def until_told(work: Coroutine[object, object, object]) -> int:
    """Run it to its end; SIGTERM and SIGINT cancel it, so that it closes what it opened. The exit code."""
    task = asyncio.ensure_future(work)
    told: list[int] = []

    def tell(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        task.get_loop().call_soon_threadsafe(task.cancel)

    # Not the loop's own handlers: a server inside must be able to put its handlers before ours, and drain first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    try:
        await task
    except asyncio.CancelledError:
        return 0 if told else 1
    except (CannotStart, SettingsInvalid):
        raise  # a sentence for whoever started it
    except Exception as error:  # noqa: BLE001  (a bug ends the process; the supervisor starts it again)
        logger("runtime").exception("ends because of an error", error=repr(first_cause(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
