"""Certificates of senders: what the settings say of them, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from config.certificates import certificates_of
from config.settings import Settings, load
from config.sources import ConfigError
from tests.intake.signing import Centre, centre, founded

OURS, OTHER = centre(), centre("other", "2048")
TABLE = "[intake.certificates]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    put(tmp_path, "ours.pem", OURS.pem)
    put(tmp_path, "other.pem", OTHER.pem)
    return tmp_path / "jiaoying.toml"


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def settings(file: Path, text: str, **env: str) -> Settings:
    file.write_text(TABLE + text, encoding="utf-8")
    return load(file, env)


def problems(file: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(file, text)
    folder = f"{file.parent}/"
    prefix = f"{file}: intake.certificates."
    return [
        line.removeprefix(prefix).replace(folder, "") for line in caught.value.problems
    ]


def test_a_sender_has_one_certificate_or_several(file: Path) -> None:
    text = '"rain-*@x" = "ours.pem"\n"*@y" = ["ours.pem", "other.pem"]\n'
    found = settings(file, text).intake.certificates
    ours, other = file.parent / "ours.pem", file.parent / "other.pem"

    assert found == {"rain-*@x": [ours], "*@y": [ours, other]}
    assert certificates_of(found["*@y"]) == (OURS.certificate, OTHER.certificate)


def test_nobody_has_to_sign_unless_it_is_said(file: Path) -> None:
    assert settings(file, "").intake.certificates == {}


def test_the_environment_may_name_them(file: Path) -> None:
    env = {"JIAOYING_INTAKE__CERTIFICATES__*@Y": "other.pem"}
    found = settings(file, "", **env).intake.certificates

    assert found == {"*@y": [file.parent / "other.pem"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"*@x" = "gone.pem"', "*@x.第1项: 读不到证书文件 gone.pem("),
        ('"*@x" = ["ours.pem", "gone.pem"]', "*@x.第2项: 读不到证书文件 gone.pem("),
        ('"*@x" = "jiaoying.toml"', "*@x.第1项: jiaoying.toml 里没有 PEM 格式"),
        ('"*@x" = ""', "*@x: 是空的: 至少写 1 项"),
        ('"*@x" = []', "*@x: 是空的: 至少写 1 项"),
        ('"*@x" = 1', "*@x: 应是一列"),
        ('"*@x" = [1]', "*@x.第1项: 应是文件名: 请写成带引号的路径"),
        (f'"*@x" = {["ours.pem"] * 9}', "*@x: 最多 8 项: 请删去不用的"),
        ('"a, b" = "ours.pem"', "a, b: “a, b”不会与任何发布者相符"),
        ('"" = "ours.pem"', ": “”不会与任何发布者相符"),
    ],
)
def test_what_is_wrong_is_told_with_its_sender(
    file: Path, text: str, expected: str
) -> None:
    found = problems(file, text)

    assert [line[: len(expected)] for line in found] == [expected]


def test_a_file_holds_one_certificate(file: Path) -> None:
    put(file.parent, "chain.pem", OURS.pem + OTHER.pem)

    assert problems(file, '"*@x" = "chain.pem"') == [
        "*@x.第1项: chain.pem 里有 2 张证书: 请一个文件只放一张,即签名者自己的那张"
    ]


@pytest.mark.parametrize(
    "signer",
    [
        pytest.param(centre("short", "1024"), id="RSA of 1024 bits"),
        pytest.param(
            founded("small", ec.generate_private_key(ec.SECP224R1())), id="P-224"
        ),
        pytest.param(
            founded("edwards", ed25519.Ed25519PrivateKey.generate()), id="Ed25519"
        ),
    ],
)
def test_a_key_that_we_would_take_no_signature_of_is_told(
    file: Path, signer: Centre
) -> None:
    put(file.parent, "weak.pem", signer.pem)
    (found,) = problems(file, '"*@x" = "weak.pem"')

    assert found.startswith("*@x.第1项: weak.pem 的密钥太弱或种类不支持: 请用 RSA 2048")


def test_a_file_that_goes_after_the_settings_were_read_is_told(file: Path) -> None:
    gone = put(file.parent, "gone.pem", OURS.pem)
    gone.unlink()

    with pytest.raises(ConfigError, match=r"gone\.pem: 读不到证书文件"):
        certificates_of([gone])
