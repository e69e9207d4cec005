from __future__ import annotations

from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import Role, Settings, Transport, load
from config.sources import ConfigError

WHOLE = """\
[server]
host = "10.0.0.1"
port = 8443
public_base_url = "https://jy.example.org/"
body_limit_bytes = 2000
[store]
url = "sqlite+aiosqlite:///data/jy.db"
[engine]
role = "api"
speed = 60
clock_origin = 2026-07-12T09:12:00+08:00
http = "stock"
proxy = "http://who:s3cret@proxy.example:3128"
direct = ["gateway.example"]
[intake]
code_system = "DEMO"
[policies]
dir = "rules"
[security]
keys_dir = "keys"
allow_test_numbers = true
[texts]
signature = "东丰应急"
issuer = "东丰县应急局"
[channels.sms]
provider = "twilio_sms"
auth_token = "t0ken"
from = "+99912345"
lines = 10
[channels.sms_cn]
provider = "gateway"
rate_per_second = 0.5
[routes]
sms = ["sms_cn", "sms"]
"""

TILES = """\
[[desk.tiles]]
url = "https://t0.example.org/{z}/{x}/{y}"
attribution = "天地图"
licence = "GS(2024)0650号"
"""
FEED = "[feeds.cma]\nurl = 'https://cap.example.org/atom/'\nsenders = ['*@cma']\n"
SMS = '[channels.sms]\nprovider = "twilio_sms"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jiaoying.toml"


def settings(file: Path, text: str, **env: str) -> Settings:
    file.write_text(text, encoding="utf-8")
    return load(file, env)


def problems(file: Path, text: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(file, text, **env)
    assert "\n".join(caught.value.problems) == str(caught.value)
    return [line.removeprefix(f"{file}: ") for line in caught.value.problems]


def test_without_a_file_the_built_in_values_hold(tmp_path: Path) -> None:
    with chdir(tmp_path):
        found = load(None, {})

    assert (found.server.host, found.server.port) == ("127.0.0.1", 8000)
    assert found.server.public_base_url == "http://127.0.0.1:8000"
    assert found.server.body_limit_bytes == 1024 * 1024
    assert found.store.url == f"sqlite+aiosqlite:///{tmp_path}/var/jiaoying.db"
    assert (found.engine.role, found.engine.speed) == (Role.ALL, 1.0)
    assert found.engine.clock_origin is None
    assert (found.engine.http, found.engine.proxy) == (Transport.OWN, "")
    assert found.intake.code_system == "NBS-2023"
    assert found.policies.dir is None
    assert found.security.keys_dir == tmp_path / "var/keys"
    assert found.security.seals == tmp_path / "var/seals.jsonl"
    assert not found.security.allow_test_numbers
    assert (found.texts.signature, found.texts.duty_phone) == ("应急", "")
    assert (found.channels, found.routes) == ({}, {})


def test_a_file_says_everything(file: Path) -> None:
    found = settings(file, WHOLE)

    folder = file.parent
    assert found.server.public_base_url == "https://jy.example.org"
    assert (found.server.port, found.server.body_limit_bytes) == (8443, 2000)
    assert found.store.url == f"sqlite+aiosqlite:///{folder}/data/jy.db"
    assert (found.engine.role, found.engine.speed) == (Role.API, 60.0)
    origin = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
    assert origin == found.engine.clock_origin
    assert found.engine.http is Transport.STOCK
    assert found.engine.proxy == "http://who:s3cret@proxy.example:3128"
    assert found.engine.direct == ["gateway.example"]
    assert "s3cret" not in repr(found)
    assert found.intake.code_system == "DEMO"
    assert found.policies.dir == folder / "rules"
    assert found.security.keys_dir == folder / "keys"
    assert (found.texts.signature, found.texts.issuer) == ("东丰应急", "东丰县应急局")
    assert found.channels == {
        "sms": {
            "provider": "twilio_sms",
            "auth_token": "t0ken",
            "from": "+99912345",
            "lines": 10,
        },
        "sms_cn": {"provider": "gateway", "rate_per_second": 0.5},
    }
    assert found.routes == {"sms": ["sms_cn", "sms"]}


def test_tiles_are_read_and_none_are_there_by_default(file: Path) -> None:
    file.write_text("")
    assert load(file, {}).desk.tiles == ()

    file.write_text(TILES)
    (tiles,) = load(file, {}).desk.tiles
    assert (tiles.attribution, tiles.licence) == ("天地图", "GS(2024)0650号")


def test_monitors_and_feeds_are_read(file: Path) -> None:
    monitor = (
        "[monitors.gauges]\nevent = '洪水'\nlevel = ['$.a', 'red']\n"
        "[monitors.gauges.values.level]\nhigh = 'red'\n"
    )
    (file.parent / "token").write_text("t0ken\n")
    found = settings(file, f"{FEED}token_file = 'token'\n{monitor}")
    feed, gauges = found.feeds["cma"], found.monitors["gauges"]

    assert feed.url == "https://cap.example.org/atom/"
    assert (feed.senders, feed.hosts, feed.token) == (["*@cma"], [], "t0ken")
    assert feed.every_seconds == 60
    assert (gauges.event, gauges.level) == (["洪水"], ["$.a", "red"])
    assert gauges.values == {"level": {"high": "red"}}
    assert (gauges.area, gauges.status) == (None, "Actual")


def test_the_environment_overrules_the_file_and_keeps_the_rest(file: Path) -> None:
    found = settings(
        file,
        WHOLE,
        JIAOYING_SERVER__PORT="9000",
        JIAOYING_CHANNELS__SMS__AES_KEY="12345678",
        JIAOYING_ROUTES__SMS="sms, sms_cn",
        JIAOYING_REQUIRE_PEERS="1",
        PATH="/bin",
    )

    assert (found.server.host, found.server.port) == ("10.0.0.1", 9000)
    assert found.channels["sms"]["aes_key"] == "12345678"
    assert found.channels["sms"]["lines"] == 10
    assert found.routes == {"sms": ["sms", "sms_cn"]}


def test_the_environment_alone_can_set_up_a_channel(tmp_path: Path) -> None:
    env = {
        "JIAOYING_CHANNELS__SMS_CN__PROVIDER": "gateway",
        "JIAOYING_ROUTES__SMS": '["sms_cn"]',
    }

    with chdir(tmp_path):
        found = load(None, env)

    assert found.channels == {"sms_cn": {"provider": "gateway"}}
    assert found.routes == {"sms": ["sms_cn"]}


def test_the_process_environment_is_not_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIAOYING_SERVER__PORT", "9000")

    assert settings(file, "").server.port == 8000


def test_the_environment_can_name_the_file(file: Path) -> None:
    file.write_text("[server]\nport = 1\n", encoding="utf-8")

    assert load(None, {"JIAOYING_CONFIG": str(file)}).server.port == 1


def test_the_usual_file_is_found_in_the_working_folder(file: Path) -> None:
    file.write_text("[server]\nport = 2\n", encoding="utf-8")

    with chdir(file.parent):
        found = load(None, {})

    assert found.server.port == 2
    assert found.security.keys_dir == file.parent / "var/keys"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://jy:pw@db/jy",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:////var/lib/jy.db",
    ],
)
def test_a_database_that_is_no_relative_file_stays_as_written(
    file: Path, url: str
) -> None:
    assert url == settings(file, f'[store]\nurl = "{url}"\n').store.url


def test_an_empty_policy_folder_means_the_policies_shipped(file: Path) -> None:
    assert settings(file, '[policies]\ndir = ""\n').policies.dir is None


def test_a_secret_stands_in_a_file_named_in_the_settings(file: Path) -> None:
    (file.parent / "token").write_text("s3cret\n", encoding="utf-8")

    found = settings(file, SMS + 'auth_token = ""\nauth_token_file = "token"\n')

    assert found.channels["sms"] == {"provider": "twilio_sms", "auth_token": "s3cret"}


def test_a_secret_stands_in_a_file_named_in_the_environment(file: Path) -> None:
    (file.parent / "key").write_text("s3cret", encoding="utf-8")
    (file.parent / "url").write_text("postgresql+asyncpg://db/jy", encoding="utf-8")

    found = settings(
        file,
        SMS + 'aes_key = "old"\n',
        JIAOYING_CHANNELS__SMS__AES_KEY_FILE="key",
        JIAOYING_STORE__URL_FILE="url",
    )

    assert found.channels["sms"]["aes_key"] == "s3cret"
    assert found.store.url == "postgresql+asyncpg://db/jy"


def test_an_empty_name_of_a_secret_file_means_there_is_none(file: Path) -> None:
    found = settings(file, SMS + 'auth_token_file = ""\n')

    assert found.channels["sms"] == {"provider": "twilio_sms"}


def test_secrets_are_not_shown(file: Path) -> None:
    text = SMS + 'auth_token = "s3cret"\n[store]\nurl = "postgresql://u:s3cret@db/x"\n'

    assert "s3cret" not in repr(settings(file, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\nport = 'x'\n", "server.port: 应是整数: 请写成整数"),
        ("[server]\nport = 70000\n", "server.port: 不能大于 65535: 请改成 65535"),
        ("[server]\nport = -1\n", "server.port: 不能小于 0: 请改成 0"),
        ("[server]\nprot = 1\n", "server.prot: 不认识这一项: 请改正拼写或删去"),
        ("[sever]\nport = 1\n", "sever: 不认识这一项: 请改正拼写或删去"),
        ("server = 1\n", "server: 应是一组键和值"),
        ("[server]\npublic_base_url = 'jy'\n", "server.public_base_url: 不是网址"),
        ("[server]\nbody_limit_bytes = 0\n", "server.body_limit_bytes: 必须大于 0"),
        ("[store]\nurl = ''\n", "store.url: 是空的: 请填写"),
        (
            "[engine]\nrole = 'boss'\n",
            "engine.role: 不认识这个值: 可用的是 api、worker、all",
        ),
        (
            "[engine]\nhttp = 'curl'\n",
            "engine.http: 不认识这个值: 可用的是 own、stock",
        ),
        ("[engine]\nproxy = 'socks5://p:1'\n", "engine.proxy: 不是网址"),
        ("[engine]\nspeed = 0\n", "engine.speed: 必须大于 0"),
        ("[engine]\nspeed = 'fast'\n", "engine.speed: 应是数字"),
        ("[engine]\nspeed = 2\n", "engine.speed: 变速只用于演示和测试: 请删去"),
        (
            "[engine]\nclock_origin = 2026-07-12T09:12:00\n",
            "engine.clock_origin: 时间没有时区",
        ),
        (
            "[engine]\nclock_origin = 2026-07-12T09:12:00Z\n",
            "engine.clock_origin: 改时钟只用于演示和测试",
        ),
        ("[engine]\nclock_origin = 'noon'\n", "engine.clock_origin: 不是时间"),
        ("[security]\nallow_test_numbers = 'perhaps'\n", "应是 true 或 false"),
        ("[texts]\nsignature = '【应急】'\n", "texts.signature: 签名是空的或带了【】"),
        ("[texts]\nsignature = ''\n", "texts.signature: 签名是空的或带了【】"),
        ("[texts]\nduty_phone = '王建国'\n", "texts.duty_phone: 不是电话号码"),
        ("[channels.sms]\nfrom = '1'\n", "channels.sms.provider: 没有写服务商"),
        ("[channels]\nsms = 1\n", "channels.sms: 应是一组键和值"),
        (SMS + "to = [1]\n", "channels.sms.to: 只能是文字、数字或是非"),
        ("[channels.'a/b']\nprovider = 'x'\n", "channels.a/b: “a/b”不能作名称"),
        ("[routes]\nsms = ['sms']\n", "routes.sms.第1项: 没有名为“sms”的通道"),
        (SMS + "[routes]\nsms = ['sms', 'sms']\n", "routes.sms.第2项: “sms”写了两次"),
        (SMS + "[routes]\nfax = ['sms']\n", "routes.fax: 不认识“fax”: 可用的是 wechat"),
        (SMS + "[routes]\nsms = 1\n", "routes.sms: 应是一列"),
        (
            SMS + "auth_token_file = 'gone'\n",
            "channels.sms.auth_token_file: 读不到密钥文件 gone",
        ),
        ("[server\n", "不是合法的 TOML("),
        (
            "[monitors.g]\nlevel = '$labels'\n",
            "monitors.g.level.第1项: “$labels”不是字段路径",
        ),
        ("[monitors.g]\nitems = '$.a b'\n", "monitors.g.items: “$.a b”不是字段路径"),
        ("[monitors.g]\ncolour = 'red'\n", "monitors.g.colour: 不认识这一项"),
        ("[monitors.g]\nstatus = 'Live'\n", "monitors.g.status: 不认识这个值"),
        (
            "[monitors.g.values.level]\ncritical = 'crimson'\n",
            "monitors.g.values: 不认识“crimson”: 可用的是 red、orange",
        ),
        (
            "[monitors.g.values.colour]\na = 'red'\n",
            "monitors.g.values: 不认识“colour”",
        ),
        (TILES.replace("{y}", "y"), "desk.tiles.第1项.url: 瓦片地址缺少 {y}"),
        (TILES.replace("https:", "ftp:"), "desk.tiles.第1项.url: 不是网址"),
        (TILES.replace('"GS(2024)0650号"', '""'), "desk.tiles.第1项.licence: 是空的"),
        (FEED.replace("https", "ftp"), "feeds.cma.url: 不是网址"),
        (FEED.replace("senders = ['*@cma']", ""), "feeds.cma.senders: 缺少这一项"),
        (FEED.replace("['*@cma']", "[]"), "feeds.cma.senders: 是空的"),
        (FEED.replace("feeds.cma", "feeds.'C/A'"), "feeds.C/A: “C/A”不能作名称"),
        (FEED + "every_seconds = 1\n", "feeds.cma.every_seconds: 不能小于 5"),
    ],
)
def test_a_wrong_setting_is_told_with_its_key(
    file: Path, text: str, expected: str
) -> None:
    found = problems(file, text)

    assert [line for line in found if expected in line], found


def test_everything_wrong_is_told_at_once(file: Path) -> None:
    text = "[server]\nport = 'x'\n[routes]\nsms = ['a']\nvoice = ['b']\n"

    found = problems(file, text, JIAOYING_TEXTS__SIGNATURE="【】")

    assert [line.partition(": ")[0] for line in found] == [
        "server.port",
        "环境变量 JIAOYING_TEXTS__SIGNATURE",
        "routes.sms.第1项",
        "routes.voice.第1项",
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("JIAOYING_SERVER__PORT", "x", "server.port: 应是整数"),
        ("JIAOYING_SERVER__PROT", "1", "server.prot: 不认识这一项"),
        ("JIAOYING_SEVER__PORT", "1", "没有这一节"),
        ("JIAOYING_ROUTES__SMS", "sms", "routes.sms.第1项: 没有名为“sms”的通道"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(
    file: Path, name: str, value: str, expected: str
) -> None:
    found = problems(file, "", **{name: value})

    assert found[0].startswith(f"环境变量 {name}: {expected}")


def test_a_secret_file_that_is_empty_or_contradicted_is_refused(file: Path) -> None:
    (file.parent / "token").write_text("\n", encoding="utf-8")

    found = problems(file, SMS + "auth_token = 'a'\nauth_token_file = 'token'\n")

    assert found == [
        "channels.sms.auth_token_file: 既写了值又写了文件: 请只留一个",
        "channels.sms.auth_token_file: 密钥文件 token 是空的: 请写入密钥",
    ]


def test_a_problem_never_shows_the_value(file: Path) -> None:
    found = problems(file, SMS + "auth_token = ['s3cret']\n")

    assert "s3cret" not in "".join(found)


def test_a_named_file_that_is_missing_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="读不到文件"):
        load(file, {})
