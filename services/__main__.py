"""`python -m services`: Heed as one program. `python -m services --help` lists the other commands."""

import argparse
import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from services.address import address_from_environment
from services.catalog import NAMES, present
from shared.embedded.errors import CannotStart
from shared.embedded.home import DataHome

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status. What a person can mend is said in a few lines, without a trace."""
    options = _parser().parse_args(arguments)
    home = DataHome(os.environ.get("HEED_HOME") or ".heed")
    try:
        return _dispatch(options, home)
    except KeyboardInterrupt:
        # Pressed before the runner was there to take it; nothing is open yet that would have to be closed.
        return INTERRUPTED
    except CannotStart as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except ValidationError as problem:
        for error in problem.errors(include_url=False, include_input=False, include_context=False):
            name = "_".join(str(part) for part in error["loc"]).upper()
            print(f"Settings: {f'HEED_{name}: ' if name else ''}{error['msg']}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description="Without a command: everything at once.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name in NAMES:
        service = commands.add_parser(name, help=f"one half of the {name} service, for containers")
        service.add_argument("half", choices=("web", "worker"))
    commands.add_parser("migrate", help="bring every service's tables up to date")
    commands.add_parser("first-account", help="make the first account of an empty system and print its way in")
    commands.add_parser("secrets", help="print fresh secrets for an environment file")
    commands.add_parser("verify", help="compare all sums with what they add up; status 1 if any differ")
    letters = commands.add_parser("dead-letters", help="what was given up after repeated failure").add_subparsers(
        dest="action", required=True
    )
    listing = letters.add_parser("list", help="show them")
    redriving = letters.add_parser("redrive", help="try them again")
    redriving.add_argument("--what", help="of this handler, kind of timer or queue only")
    for action in (listing, redriving):
        action.add_argument("--service", help="of this service only")
    for command, words in (("backup", "write all data to a file"), ("restore", "read a backup into an empty Heed")):
        commands.add_parser(command, help=words).add_argument("file", type=Path)
    return parser


def _dispatch(options: argparse.Namespace, home: DataHome) -> int:
    # Imported when needed: a help text must not wait for six services.
    if options.command is None or options.command in NAMES:
        _serve(options, home)
        return 0
    if options.command == "secrets":
        from services.first_start import environment_lines

        print(environment_lines(), end="")
        return 0
    from services import upkeep

    if options.command == "verify":
        return 0 if asyncio.run(upkeep.verify_command(home, partial(print, flush=True))) else 1

    commands = {
        "migrate": lambda: upkeep.migrate_command(home),
        "first-account": lambda: upkeep.first_account_command(home),
        "backup": lambda: upkeep.backup_command(home, options.file),
        "restore": lambda: upkeep.restore_command(home, options.file),
        "list": lambda: upkeep.list_dead_command(home, only=options.service),
        "redrive": lambda: upkeep.redrive_command(home, only=options.service, what=options.what),
    }
    print(asyncio.run(commands[getattr(options, "action", options.command)]()))
    return 0


def _serve(options: argparse.Namespace, home: DataHome) -> None:
    if options.command is None:
        address = address_from_environment("127.0.0.1")
        with home.locked(address.url), address.listen() as listening:
            from services import runner

            runner.run(runner.run_together(home, address, listening))
        return
    if options.command not in present():
        raise CannotStart(f"The service {options.command!r} is not in this installation")
    with address_from_environment("0.0.0.0").listen() as listening:
        from services import runner

        half = runner.run_web if options.half == "web" else runner.run_worker_half
        runner.run(half(options.command, listening))


if __name__ == "__main__":
    sys.exit(main())
