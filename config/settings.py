"""Settings of an installation: one TOML file, overruled by the environment.

Every value can also be given as ``JIAOYING_SECTION__NAME``. A secret can stand in a
file of its own: any key may be written ``key_file = "path"``, or
``JIAOYING_SECTION__KEY_FILE`` in the environment (:mod:`config.sources`). Relative
paths start at the folder of the TOML file, or where there is none at the working
folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from config.complaint import Complaint, complaint, one_of, refuse, section, sound
from config.inlets import Certificates, Feed, Monitor
from config.section import LocalAddress, Names, Section, WebAddress, web_address
from config.sources import PREFIX, ConfigError, Loc, Tree, read_layers
from config.words import CHANNELS

NAME = r"[a-z][a-z0-9_]*"  # a channel's stands in the address of its callbacks
TELEPHONE = r"(\+?\d[\d -]{1,18}\d)?"


class Role(StrEnum):
    """What a process does."""

    API = "api"
    WORKER = "worker"
    ALL = "all"


def _tiles(text: str) -> str:
    if lacking := [part for part in ("{z}", "{x}", "{y}") if part not in text]:
        what = f"瓦片地址缺少 {' '.join(lacking)}"
        raise refuse(what, "请写成 https://tiles.example.org/{z}/{x}/{y}.png")
    return text


def _signature(text: str) -> str:
    if not text or "【" in text or "】" in text:
        what = "签名是空的或带了【】"
        raise refuse(what, "请只写签名本身,如 应急")
    return text


def _telephone(text: str) -> str:
    if not re.fullmatch(TELEPHONE, text):
        what = "不是电话号码"
        raise refuse(what, "请写成 0455-8888119 或 +864558888119")
    return text


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | float):
        what = "只能是文字、数字或是非"
        raise refuse(what, "请改成一个值")
    return value


def _name(name: str) -> str:
    if not re.fullmatch(NAME, name):
        what = f"“{name}”不能作名称"
        raise refuse(what, "请用小写字母、数字和下划线,以字母开头")
    return name


def _route_kind(name: str) -> str:
    return one_of(name, CHANNELS)


def _proxy(text: str) -> str:
    return web_address(text) if text else text


Scalar = Annotated[str | int | float | bool, BeforeValidator(_scalar)]
ChannelKeys = dict[str, Scalar]
Name = Annotated[str, AfterValidator(_name)]
BaseAddress = Annotated[WebAddress, AfterValidator(lambda text: text.rstrip("/"))]
ProxyAddress = Annotated[str, AfterValidator(_proxy)]
Channels = dict[Name, ChannelKeys]
RouteKind = Annotated[str, AfterValidator(_route_kind)]
Routes = dict[RouteKind, Names]
Found = tuple[Loc, Complaint]


class Server(Section):
    """The HTTP server; ``public_base_url`` is what providers call back."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_base_url: BaseAddress = "http://127.0.0.1:8000"
    body_limit_bytes: Annotated[int, Field(gt=0)] = 1_048_576
    body_seconds: Annotated[float, Field(gt=0)] = 30.0


# By whatever driver of Python's; we have our own.
STORE_URL = r"^(sqlite|postgresql)(\+\w+)?://"


class Store(Section):
    """Where everything is kept; the address may hold a password."""

    url: Annotated[str, Field(min_length=1, pattern=STORE_URL, repr=False)] = (
        "sqlite+aiosqlite:///var/jiaoying.db"
    )


class Transport(StrEnum):
    """What carries our requests to providers and feeds."""

    OWN = "own"
    STOCK = "stock"


class Engine(Section):
    """What this process does; another clock only with test numbers allowed.

    :ivar speed: seconds of the engine per real second
    :ivar clock_origin: where its clock starts; None: now
    :ivar http: what carries the requests to providers and feeds
    :ivar proxy: by way of which they go; may hold a password
    :ivar direct: hosts that are reached without it
    """

    role: Role = Role.ALL
    speed: Annotated[float, Field(gt=0)] = 1.0
    clock_origin: AwareDatetime | None = None
    http: Transport = Transport.OWN
    proxy: Annotated[ProxyAddress, Field(repr=False)] = ""
    direct: Names = Field(default_factory=list)


class Intake(Section):
    """How warnings are read.

    :ivar code_system: the list our area codes come from
    :ivar certificates: of senders, by patterns, whose CAP alerts must be signed
    :ivar desk_sender: whom officers of the desk send alerts for
    """

    code_system: Annotated[str, Field(min_length=1)] = "NBS-2023"
    certificates: Certificates = Field(default_factory=dict)
    desk_sender: Annotated[str, Field(pattern=r"^[^\s,<&*?\[]+$")] = "desk@jiaoying"


class Policies(Section):
    """Where the calling policies are; None: the ones shipped."""

    dir: Annotated[Path | None, BeforeValidator(lambda text: text or None)] = None


class LastFour(StrEnum):
    """For which warnings the link page asks for the end of the person's number."""

    NEVER = "never"
    RED = "red"


class Security(Section):
    """Keys, and whether numbers that cannot exist may be called.

    :ivar seals: the file to which every seal is added
    :ivar link_last4: when an answer by link needs the last four digits of his number
    :ivar callback_days: how long what providers told us is kept as it came in
    :ivar session_idle_hours: when an officer who does nothing has to sign in again
    :ivar session_hours: when every officer has to sign in again
    """

    keys_dir: Path = Path("var/keys")
    seals: Path = Path("var/seals.jsonl")
    allow_test_numbers: bool = False
    link_last4: LastFour = LastFour.NEVER
    callback_days: Annotated[int, Field(ge=1)] = 180
    session_idle_hours: Annotated[int, Field(ge=1)] = 12
    session_hours: Annotated[int, Field(ge=1)] = 24


class TextSettings(Section):
    """Who speaks.

    :ivar signature: the registered signature, without its brackets
    :ivar issuer: named where a warning does not say who issued it
    :ivar duty_phone: where the desk can be rung; stands on every link page
    """

    signature: Annotated[str, AfterValidator(_signature)] = "应急"
    issuer: Annotated[str, Field(min_length=1)] = "应急值班室"
    duty_phone: Annotated[str, AfterValidator(_telephone)] = ""


class Tiles(Section):
    """A map beneath the grids, fetched by browsers: Web Mercator, no GCJ-02.

    :ivar url: of a tile, with ``{z}``, ``{x}`` and ``{y}``
    :ivar attribution: whose map it is
    :ivar licence: its 审图号, which has to stand on it
    """

    url: Annotated[WebAddress, AfterValidator(_tiles)]
    attribution: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]


class DeskSettings(Section):
    """What officers see beside the product itself.

    :ivar tiles: maps beneath the grids, the lowest first
    :ivar simulator_url: of the page that plays with a local exchange; empty: none
    """

    tiles: tuple[Tiles, ...] = ()
    simulator_url: LocalAddress = ""


class Settings(BaseSettings):
    """Everything an installation can set; use :func:`load`.

    :ivar channels: keys of each configured channel, ``provider`` among them
    :ivar routes: for "sms", "voice" and "wechat" the channels in order of preference
    :ivar monitors: by the name of the API key they post with
    :ivar feeds: by names of our own
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    server: Server = Server()
    store: Store = Store()
    engine: Engine = Engine()
    intake: Intake = Intake()
    policies: Policies = Policies()
    security: Security = Security()
    texts: TextSettings = TextSettings()
    desk: DeskSettings = DeskSettings()
    channels: Annotated[Channels, Field(repr=False)] = {}
    routes: Routes = {}
    monitors: dict[str, Monitor] = {}
    feeds: dict[Name, Feed] = {}

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what :func:`load` gives: nothing is read from the process."""
        return (init_settings,)


def load(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read the settings; ``path`` None: JIAOYING_CONFIG, else ./jiaoying.toml, if any.

    Raises ConfigError with every problem as ``FILE: key: what is wrong: what to do``.
    """
    layers = read_layers(Settings, path, env)
    found = (
        *_misshapen(layers.merged),
        *_contradictions(layers.merged),
        *_uncertified(layers.merged, layers.base),
    )
    problems = (*layers.problems, *(layers.problem(*one) for one in found))
    if problems:
        raise ConfigError(problems)
    return _located(Settings.model_validate(layers.merged), layers.base)


def _misshapen(merged: Tree) -> Iterator[Found]:
    try:
        Settings.model_validate(merged)
    except ValidationError as error:
        for one in error.errors():
            yield one["loc"], complaint(one)


def _contradictions(merged: Tree) -> Iterator[Found]:
    # Each part that is sound by itself is judged, whatever is wrong elsewhere.
    channels = section(merged, "channels")
    for name in channels:
        if not section(channels, name).get("provider"):
            what = Complaint("没有写服务商", '请写 provider = "twilio_sms" 一类')
            yield ("channels", name, "provider"), what
    for kind, value in section(merged, "routes").items():
        for names in (sound(Routes, {kind: value}) or {}).values():
            yield from _unknown(kind, names, channels)
    yield from _foreign_clock(
        sound(Engine, section(merged, "engine")),
        sound(Security, section(merged, "security")),
    )


def _unknown(
    kind: str, names: Sequence[str], channels: Collection[str]
) -> Iterator[Found]:
    for index, name in enumerate(names):
        if name not in channels:
            remedy = f"请写 [channels.{name}] 或从路由中删去"
            what = Complaint(f"没有名为“{name}”的通道", remedy)
            yield ("routes", kind, index), what
        elif name in names[:index]:
            what = Complaint(f"“{name}”写了两次", "请删去一处")
            yield ("routes", kind, index), what


def _foreign_clock(engine: Engine | None, security: Security | None) -> Iterator[Found]:
    # A real county on a fast clock would be called, and given up, too early.
    if not engine or not security or security.allow_test_numbers:
        return
    remedy = "请删去,或在 [security] 写 allow_test_numbers = true"
    if engine.speed != 1.0:
        yield ("engine", "speed"), Complaint("变速只用于演示和测试", remedy)
    if engine.clock_origin is not None:
        yield ("engine", "clock_origin"), Complaint("改时钟只用于演示和测试", remedy)


def _uncertified(merged: Tree, base: Path) -> Iterator[Found]:
    given = section(merged, "intake").get("certificates")
    patterns = sound(Certificates, given) if given else None
    if not patterns:
        return
    # Whoever has no certificates does not wait for the library that reads them.
    from config.certificates import read_certificate  # noqa: PLC0415

    for pattern, files in patterns.items():
        for index, file in enumerate(files):
            found = read_certificate(base / file)
            if isinstance(found, Complaint):
                yield ("intake", "certificates", pattern, index), found


def _located(settings: Settings, base: Path) -> Settings:
    """The same settings with every path made absolute."""
    folder, intake = settings.policies.dir, settings.intake
    certificates = {
        pattern: [base / file for file in files]
        for pattern, files in intake.certificates.items()
    }
    return settings.model_copy(
        update={
            "intake": intake.model_copy(update={"certificates": certificates}),
            "store": Store(url=_database(settings.store.url, base)),
            "policies": Policies(dir=base / folder if folder else None),
            "security": settings.security.model_copy(
                update={
                    "keys_dir": base / settings.security.keys_dir,
                    "seals": base / settings.security.seals,
                }
            ),
        }
    )


def _database(url: str, base: Path) -> str:
    scheme, mark, file = url.partition(":///")
    if not scheme.startswith("sqlite") or not mark or file in {"", ":memory:"}:
        return url
    return f"{scheme}:///{base / file}"
