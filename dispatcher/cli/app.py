"""Every command, its options and its help; each imports its own work when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import accounts, upkeep
from dispatcher.cli.options import CONFIG_VARIABLE, Config, Json, shown

app = typer.Typer(
    name="jiaoying",
    help="叫应:一直叫到有人应答。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
key = typer.Typer(help="接口密钥。", no_args_is_help=True)
roster = typer.Typer(help="责任人名册。", no_args_is_help=True)
outline = typer.Typer(help="责任单元的轮廓。", no_args_is_help=True)
policy = typer.Typer(help="叫应策略。", no_args_is_help=True)
alert = typer.Typer(help="预警。", no_args_is_help=True)
person = typer.Typer(help="责任人。", no_args_is_help=True)
duty = typer.Typer(help="值班。", no_args_is_help=True)
for name, group in {
    "key": key,
    "roster": roster,
    "outline": outline,
    "policy": policy,
    "alert": alert,
    "person": person,
    "duty": duty,
    "user": accounts.app,
}.items():
    app.add_typer(group, name=name)
app.add_typer(upkeep.app)


def main() -> None:
    """Run one command and leave with its exit code: 0 done, 1 failed, 2 bad input."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - raised again unless it is understood
        from dispatcher.cli.failure import told

        sys.exit(told(error))


@app.callback()
def everywhere(*, config: Config = None) -> None:
    """Take ``--config`` before the command, too."""
    if config:
        os.environ[CONFIG_VARIABLE] = str(config)


@app.command()
def version(*, as_json: Json = False) -> None:
    """显示版本。"""
    from importlib.metadata import version as installed

    number = installed("jiaoying-dispatcher")
    shown({"version": number}, number, as_json=as_json)


@app.command()
def serve(
    *,
    config: Config = None,
    role: Annotated[str, typer.Option(help="api、worker 或 all;不写则看配置")] = "",
    inherit: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
) -> None:
    """运行服务:接口与叫应各自的进程,一个看护。"""
    if not inherit:  # who inherits was started by one that has looked
        from dispatcher.cli.owners import refuse_strangers

        refuse_strangers()
    from dispatcher.cli import serve as work
    from dispatcher.cli.ground import Inherited

    raise typer.Exit(work.serve(config, role, Inherited.of(inherit or ())))


@app.command()
def demo(
    *,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="结束后不留服务")
    ] = False,
    alert: Annotated[
        Path | None, typer.Option(help="另一份预警:JSON、CAP 或 12379")
    ] = None,
    seed: Annotated[int, typer.Option(help="另一批虚构的人")] = 7,
    speed: Annotated[
        float | None,
        typer.Option(min=0.1, help="快放倍数;不写:有看板可看 5 倍,没有 10 倍"),
    ] = None,
    as_json: Json = False,
) -> None:
    """演示:为虚构的澄溪县叫应一次暴雨红色预警。"""
    from dispatcher.cli import demo as work

    pace = speed or (work.UNSEEN_SPEED if no_serve else work.SEEN_SPEED)
    work.demo(
        work.Play(
            serve=not no_serve, alert=alert, seed=seed, speed=pace, as_json=as_json
        )
    )


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="预警:JSON、CAP 或 12379")],
    *,
    sheets: Annotated[
        Path | None, typer.Option(help="每个乡镇一张电话单,写到这个文件夹")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """测算:一份预警会叫应谁、要多久,不发布。"""
    from dispatcher.cli import plan as work

    done = work.plan(config, file, sheets)
    shown(done, work.in_words(done), as_json=as_json)


@key.command("create")
def key_create(  # noqa: PLR0913 - one for each option
    name: Annotated[str, typer.Argument(help="给谁用")],
    *,
    scope: Annotated[list[str], typer.Option(help="权限,可写多次")],
    sender: Annotated[
        list[str] | None, typer.Option(help="可代表的发布方,如 'rain-*@dongfeng'")
    ] = None,
    any_sender: Annotated[
        bool, typer.Option("--any-sender", help="可代表任何发布方")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """生成接口密钥,只显示这一次。"""
    from dispatcher.cli import keys as work
    from dispatcher.store.keys import ApiKey

    senders = ("*",) if any_sender else tuple(sender or ())
    wanted = ApiKey(name=name, scopes=tuple(scope), senders=senders)
    made = work.create(config, wanted)
    shown(made, str(made["key"]), as_json=as_json)


@key.command("public")
def key_public(*, config: Config = None, as_json: Json = False) -> None:
    """显示封存的公钥,交给查验的人。"""
    from dispatcher.cli import exports as work

    told = work.public_key(config)
    shown({"public_key": told}, told, as_json=as_json)


@key.command("rotate")
def key_rotate(
    name: Annotated[str, typer.Argument(help="data(加密)或 index(按号码查找)")],
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """更换存储的密钥,服务照常运行;中断后再执行一次即可续完。"""
    from dispatcher.cli import rotating as work

    done = work.rotate(config, name, drawn=not as_json)
    shown(done, work.in_words(done), as_json=as_json)


@person.command("erase")
def person_erase(
    person: Annotated[str, typer.Argument(help="责任人编号,任一版本")],
    *,
    reason: Annotated[str, typer.Option(help="缘由,记入日志;请勿写姓名")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """删除一个人的姓名和号码,不可恢复;叫应记录仍在。"""
    from dispatcher.cli import erasing as work

    done = work.erase(config, person, reason)
    shown(done.as_json(), done.in_words(), as_json=as_json)


@roster.command("import")
def roster_import(
    file: Annotated[Path, typer.Argument(help="xlsx、xls 或 CSV")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只读不改:报告问题和将有的变化")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(help="把问题写成一张 CSV 表,可用 Excel 打开")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """导入名册:全部替换,有一处问题就全不导入。"""
    import gc

    from dispatcher.cli import rosters as work

    # A roster is a million small objects without a cycle: to look for one among them
    # again and again takes a third of the time, and the process ends here.
    gc.disable()
    given = work.Given(file=file, errors=errors, drawn=not as_json)
    told = (work.try_file if dry_run else work.import_file)(config, given)
    if not as_json:
        sys.stderr.writelines(f"{line}\n" for line in told.remarks)
    shown(told.result, told.words, as_json=as_json)
    raise typer.Exit(told.code)


@roster.command("imports")
def roster_imports(*, config: Config = None, as_json: Json = False) -> None:
    """列出名册的导入,最近的在前。"""
    from dispatcher.cli import imports as work

    found = work.listed(config)
    views = [one.model_dump(mode="json") for one in found]
    shown({"imports": views}, work.in_words(found), as_json=as_json)


@roster.command("undo")
def roster_undo(
    number: Annotated[
        int | None,
        typer.Argument(metavar="ID", help="见 roster imports;不写则最近一次"),
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="之后又有改动也撤销;其他改动保留")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """撤销一次导入:它改动的恢复原样;已删除的个人信息不恢复。"""
    from dispatcher.cli import imports as work

    done = work.undo(config, number, force=force)
    result = {"id": done.number, "edition": done.edition, "lapsed": [*done.lapsed]}
    shown(result, work.undone_in_words(done), as_json=as_json)


@roster.command("check")
def roster_check(
    *,
    township: Annotated[
        str, typer.Option(metavar="CODE", help="只看一个乡镇,逐条列出")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="有空岗等缺口时以 1 退出")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """检查名册:空岗、不可达、空号、逾期,按乡镇打分,最差的在前。"""
    from dispatcher.cli import roster_check as work

    examined = work.examine(config, township)
    if as_json:
        shown(work.as_json(examined), "", as_json=True)
    else:
        shown({}, work.in_words(examined), as_json=False)
    raise typer.Exit(examined.code(strict=strict))


@roster.command("flags")
def roster_flags(
    *,
    everything: Annotated[bool, typer.Option("--all", help="连同已取消的")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """列出叫应中发现的号码标记:非本人、空号、已退订。"""
    from dispatcher.cli import flags as work

    found = work.listed(config, everything=everything)
    shown({"flags": found}, work.in_words(found), as_json=as_json)


@roster.command("unflag")
def roster_unflag(
    address: Annotated[str, typer.Argument(help="号码编号,见 roster flags")],
    flag: Annotated[str, typer.Argument(help="wrong_person、dead 或 opted_out")],
    *,
    by: Annotated[str, typer.Option("--by", help="谁取消的,写入留痕")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """取消一个号码标记;留痕仍在。"""
    from dispatcher.cli import flags as work

    done = work.clear(config, address, flag, by)
    shown(done, f"已取消 {address} 的 {flag} 标记", as_json=as_json)


@outline.command("import")
def outline_import(
    file: Annotated[Path, typer.Argument(help="GeoJSON,UTF-8")],
    *,
    crs: Annotated[
        str, typer.Option(help="坐标系:wgs84、gcj02(高德等)或 bd09(百度)")
    ] = "wgs84",
    code_property: Annotated[
        str, typer.Option(help="编码所在属性;不写则认 code、网格编码、区划代码等")
    ] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """导入轮廓:替换同一单元的,其余不动;有一处问题就全不导入。"""
    from dispatcher.cli import outlines as work

    given = work.Map(file=file, crs=crs, code_property=code_property)
    done = work.import_file(config, given)
    shown(done, work.in_words(done), as_json=as_json)


@duty.command("show")
def duty_show(
    unit: Annotated[
        str, typer.Argument(help="单元的编码或名称;不写则看县乡和所有排了班的岗位")
    ] = "",
    *,
    at: Annotated[
        str, typer.Option(help="什么时候,如 2026-07-12T08:30;不写则现在")
    ] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """看谁在值班、下一个是谁。"""
    from dispatcher.cli import duty as work

    found = work.show(config, unit, at)
    shown(found, work.in_words(found), as_json=as_json)


@duty.command("import")
def duty_import(
    file: Annotated[Path, typer.Argument(help="值班表:xlsx、xls 或 CSV")],
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """导入值班表:替换同一岗位同一段时间的,有一处问题就全不导入。"""
    from dispatcher.cli import duty as work

    done = work.import_file(config, file)
    shown(done, work.told(done), as_json=as_json)


@policy.command("check")
def policy_check(
    folder: Annotated[Path | None, typer.Argument(help="不写则看配置")] = None,
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """检查叫应策略,并逐条读出来。"""
    from dispatcher.cli import policies as work

    checked = work.check(config, folder)
    shown(checked, work.in_words(checked), as_json=as_json)


@alert.command("send")
def alert_send(
    file: Annotated[Path, typer.Argument(help="预警:JSON、CAP 或 12379")],
    *,
    url: Annotated[str, typer.Option(help="服务地址;不写则看配置")] = "",
    secret: Annotated[
        str, typer.Option("--key", envvar="JIAOYING_KEY", help="接口密钥")
    ] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """把预警发给服务。"""
    from dispatcher.cli import alerts as work

    taken = work.send(config, file, url, secret)
    shown(taken, work.in_words(taken), as_json=as_json)


@app.command()
def record(
    alert: Annotated[str, typer.Argument(help="预警编号")],
    *,
    form: Annotated[
        str, typer.Option("--format", help="csv、xlsx、html 或 json")
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="写到文件")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """取一次预警的叫应记录表。"""
    from dispatcher.cli import records as work

    work.write(config, alert, "json" if as_json else form, out)


@app.command()
def export(  # noqa: PLR0913 - one for each option
    alert: Annotated[str, typer.Argument(help="预警编号;house 为本系统的大事记")] = "",
    *,
    out: Annotated[Path | None, typer.Option(help="写到文件")] = None,
    verify: Annotated[
        Path | None, typer.Option(help="核验一份导出;不要配置,也不要数据库")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="另行取得的公钥,见 jiaoying key public")
    ] = None,
    seals: Annotated[
        Path | None, typer.Option(help="封存文件的副本,见 [security] seals")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """导出一次预警的全部留痕,或核验一份导出。"""
    if verify is None:
        from dispatcher.cli import exports

        done = exports.write(config, alert, out)
        shown(done, exports.in_words(done), as_json=as_json)
        return
    from dispatcher.cli import verifying

    verdict = verifying.verify(verify, public_key, seals)
    shown(verifying.result(verdict), verifying.in_words(verdict), as_json=as_json)
    raise typer.Exit(1 if verdict.findings else 0)
