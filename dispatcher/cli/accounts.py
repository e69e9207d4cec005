"""Commands for the accounts of officers."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli.options import Config, Json, shown

app = typer.Typer(help="值班员账号。", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="登录名")]


@app.command()
def create(  # noqa: PLR0913 - one for each option
    name: Name,
    *,
    role: Annotated[str, typer.Option(help="viewer、officer、leader 或 administrator")],
    display: Annotated[str, typer.Option(help="怎么称呼,如 李敏")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="从标准输入读密码;不写则生成一个")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """建立值班员账号,一次性密码只显示这一次。"""
    from dispatcher.cli import users as work

    wanted = work.Wanted(
        name=name, role=role, display=display, from_stdin=password_stdin
    )
    made = work.create(config, wanted)
    shown(made, work.once(made), as_json=as_json)


@app.command("list")
def list_all(*, config: Config = None, as_json: Json = False) -> None:
    """列出值班员账号。"""
    from dispatcher.cli import users as work

    found = work.listed(config)
    shown({"users": found}, work.in_words(found), as_json=as_json)


@app.command()
def reset(name: Name, *, config: Config = None, as_json: Json = False) -> None:
    """重置密码,并停用验证码;他的登录立即失效。"""
    from dispatcher.cli import users as work

    made = work.reset(config, name)
    shown(made, work.once(made), as_json=as_json)


@app.command()
def disable(name: Name, *, config: Config = None, as_json: Json = False) -> None:
    """停用账号,他的登录立即失效。"""
    from dispatcher.cli import users as work

    done = work.disable(config, name)
    shown(done, f"值班员 {done['name']} 已停用", as_json=as_json)
