"""Commands that keep an installation well: backup, restore, doctor."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli.options import Config, Json, shown

app = typer.Typer()


@app.command()
def backup(  # noqa: PLR0913 - one for each option
    file: Annotated[
        Path | None, typer.Argument(help="新文件,或已有的文件夹(文件名带时刻)")
    ] = None,
    *,
    keys: Annotated[
        Path | None, typer.Option(help="另把密钥用口令封存到这个文件或文件夹")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="口令在这个文件的第一行;不写则询问")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="文件夹里只留最近几个备份")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """备份:不停服务,写好并核对;密钥另存。"""
    from dispatcher.cli import backup as work

    ask = _passphrase(passphrase_file, confirmed=True)
    wanted = work.Wanted(file=file, keys=keys, passphrase=ask, keep=keep)
    os.nice(work.NICENESS)  # this process ends with it
    done = work.back_up(config, wanted)
    shown(done, work.in_words(done), as_json=as_json)


@app.command()
def restore(  # noqa: PLR0913 - one for each option
    file: Annotated[Path, typer.Argument(help="jiaoying backup 写的备份")],
    *,
    keys: Annotated[
        Path | None, typer.Option(help="封存的密钥;不写则密钥已在原处")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="口令在这个文件的第一行;不写则询问")
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="密钥已丢失,仍要恢复")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """恢复:只恢复到空处,不覆盖任何东西。"""
    from dispatcher.cli import restoring as work

    ask = _passphrase(passphrase_file, confirmed=False)
    given = work.Given(file=file, keys=keys, passphrase=ask, without_keys=without_keys)
    done = work.restore(config, given)
    shown(done, work.in_words(done), as_json=as_json)


@app.command()
def doctor(
    *,
    backups: Annotated[
        Path | None, typer.Option(help="再看这个文件夹里最近的备份")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """体检:配置、密钥、时钟、磁盘、数据库;只看不改。"""
    from dispatcher.cli.owners import refuse_strangers

    try:
        from dispatcher.cli import doctor as work
    except ImportError:
        refuse_strangers()  # somebody else's package lacks what we look for in it
        raise

    found = work.examine(config, backups)
    shown(work.in_json(found), work.in_words(found), as_json=as_json)
    raise typer.Exit(work.exit_code(found))


def _passphrase(file: Path | None, *, confirmed: bool) -> Callable[[], str]:
    """Where a passphrase comes from, once it is needed."""

    def ask() -> str:
        from dispatcher.cli.key_archive import checked, passphrase_in

        if file:
            return passphrase_in(file)
        again = "再输一遍口令" if confirmed else False
        said: str = typer.prompt(
            "口令", hide_input=True, confirmation_prompt=again, err=True
        )
        return checked(said, "口令")

    return ask
