"""Keys, certificates and signed alerts for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.signer import XMLSigner
from typing_extensions import override

BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Centre:
    """A warning centre that signs."""

    key: Key
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """Its certificate as a file."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(
        self, text: str, *, method: str = "", digest: str = "sha256", uri: str = ""
    ) -> str:
        """Sign an alert; its certificate goes along.

        :param method: how; else by SHA-256 and its kind of key
        """
        assert not isinstance(self.key, ed25519.Ed25519PrivateKey)
        curve = isinstance(self.key, ec.EllipticCurvePrivateKey)
        usual = "ecdsa-sha256" if curve else "rsa-sha256"
        signer = Lax(
            signature_algorithm=method or usual,
            digest_algorithm=digest,
            c14n_algorithm=EXCLUSIVE if curve else INCLUSIVE,
        )
        root = signer.sign(
            etree.fromstring(text.encode()),
            key=self.key,
            cert=[self.certificate],
            reference_uri=uri or None,
        )
        return etree.tostring(root, encoding="unicode")


class Lax(XMLSigner):
    """Signs by whatever algorithm it is told."""

    @override
    def check_deprecated_methods(self) -> None:
        pass


@lru_cache
def centre(name: str = "澄溪县气象台", kind: str = "ec") -> Centre:
    """Found a centre; the same name and kind give the same one."""
    if kind == "ec":
        return founded(name, ec.generate_private_key(ec.SECP256R1()))
    return founded(name, rsa.generate_private_key(65537, int(kind)))


def founded(
    name: str,
    key: Key,
    begins: datetime = BEGINS,
    ends: datetime = ENDS,
) -> Centre:
    """Found a centre with this key, certified by itself."""
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    # A key on an Edwards curve brings its own digest.
    brings = isinstance(key, ed25519.Ed25519PrivateKey)
    return Centre(key, unsigned.sign(key, None if brings else hashes.SHA256()))
