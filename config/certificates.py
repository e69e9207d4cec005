"""Certificates of those whose warnings must be signed: read, and found fit or not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import Certificate, load_pem_x509_certificates

from config.complaint import Complaint
from config.sources import ConfigError

RSA_BITS_LEAST = 2048
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})


def certificates_of(files: Iterable[Path]) -> tuple[Certificate, ...]:
    """Read the certificates of files that were found good when settings were loaded.

    Raises ConfigError where one is not good any more.
    """
    found = {file: read_certificate(file) for file in files}
    problems = tuple(
        f"{file}: {one.what}: {one.remedy}"
        for file, one in found.items()
        if isinstance(one, Complaint)
    )
    if problems:
        raise ConfigError(problems)
    return tuple(one for one in found.values() if isinstance(one, Certificate))


def read_certificate(file: Path) -> Certificate | Complaint:
    """Read the one certificate of a file, or tell what is wrong with it.

    A second one would be trusted like the first, and a file of a whole chain ends in an
    authority that signs no warnings.
    """
    try:
        first, *others = load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        what = f"读不到证书文件 {file}({error.strerror})"
        return Complaint(what, "请检查路径和权限")
    except ValueError:
        what = f"{file} 里没有 PEM 格式的 X.509 证书"
        return Complaint(what, "请放入含 BEGIN CERTIFICATE 的文件")
    if others:
        what = f"{file} 里有 {1 + len(others)} 张证书"
        return Complaint(what, "请一个文件只放一张,即签名者自己的那张")
    return first if _strong(first) else _weak(file)


def _strong(certificate: Certificate) -> bool:
    """Whether its key can have made a signature that we would take."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):  # SM2, for one
        return False
    match key:
        case rsa.RSAPublicKey():
            return key.key_size >= RSA_BITS_LEAST
        case ec.EllipticCurvePublicKey():
            return key.curve.name in CURVES
        case _:
            return False


def _weak(file: Path) -> Complaint:
    what = f"{file} 的密钥太弱或种类不支持"
    return Complaint(what, f"请用 RSA {RSA_BITS_LEAST} 位以上或 P-256、P-384、P-521")
