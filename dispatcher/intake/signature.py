"""Signatures of CAP: whether a warning is from whom it says, by certificates we have.

CAP 1.2 allows one kind, an XML signature enveloped in the alert. Whoever can write an
alert can sign it with a key of his own, so only the public keys of certificates that
were configured for its sender count; whatever certificate or key a message brings
along is not looked at. And what is read afterwards is what was signed, nothing else of
the message: so an alert can't be wrapped around somebody else's signed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain

from cryptography.x509 import Certificate
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier
from typing_extensions import override

from dispatcher.intake.document import Element
from dispatcher.intake.problem import Loc, Problem, problem
from dispatcher.intake.xml import hardened, xml_tree

DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
LOC: Loc = ("alert", "Signature")
# Canonical XML takes elements x (namespaces in scope)² steps: 100 kB that declare a
# thousand took 107 s. A real alert has a handful; at this bound the worst took 0.9 s.
NAMESPACES_MOST = 32
SIGNED_INFO_BYTES_MOST = 8_192  # a real one has 1,000; it is read before it is trusted

METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
DIGESTS = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
)
METHOD_NAMES = frozenset(method.value for method in METHODS)
DIGEST_NAMES = frozenset(digest.value for digest in DIGESTS)
ENVELOPED = SignatureConstructionMethod.enveloped.value
CANONICAL = frozenset(method.value for method in CanonicalizationMethod)


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose alerts have to be signed, and by which certificates.

    :ivar patterns: certificates by a pattern of senders, as keys have them
    """

    patterns: Mapping[str, tuple[Certificate, ...]] = field(default_factory=dict)

    def of(self, sender: str) -> tuple[Certificate, ...]:
        """The certificates of every pattern that a sender matches; often none."""
        found = (
            certificates
            for pattern, certificates in self.patterns.items()
            if fnmatchcase(sender, pattern)
        )
        return tuple(dict.fromkeys(chain.from_iterable(found)))


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a document was signed, and by whom."""

    root: Element
    certificate: Certificate


def verify(
    text: str, sender: str, certificates: tuple[Certificate, ...]
) -> Signed | Problem:
    """Give what one of the certificates signed of a document, or why nothing counts.

    The validity of a certificate is not judged: it is pinned, no authority vouches for
    it, and a warning centre whose certificate ran out at midnight must still be heard
    at four. Whoever takes the alert in tells the operator.

    :param text: as :func:`dispatcher.intake.xml.xml_text` gives it; blanks are signed
    """
    root = xml_tree(text, instructions=True)
    if isinstance(root, Problem):
        return root
    signatures = root.findall(f"{DSIG}Signature")
    if not signatures:
        return problem(LOC, "signature_missing", sender=sender)
    if len(signatures) > 1 or not (_scant(root) and _plain(signatures[0])):
        return problem(LOC, "signature_unsupported")
    for certificate in certificates:
        content = _signed(root, certificate)
        if content is not None:
            return Signed(content, certificate)
    return problem(LOC, "signature_wrong", sender=sender)


def _scant(root: Element) -> bool:
    """Whether at no place too many namespaces are in scope."""
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > NAMESPACES_MOST:
            return False
    return True


def _plain(signature: Element) -> bool:
    """Whether it signs the whole alert but itself, by algorithms that are strong.

    The library ignores transforms that it doesn't know and obeys others, so what is
    not the one plain form ends here.
    """
    info = signature.find(f"{DSIG}SignedInfo")
    if info is None or len(etree.tostring(info)) > SIGNED_INFO_BYTES_MOST:
        return False
    references = info.findall(f"{DSIG}Reference")
    transforms = _algorithms(info, "Reference", "Transforms", "Transform")
    return (
        [one.get("URI") for one in references] == [""]
        and transforms[:1] == [ENVELOPED]
        and CANONICAL.issuperset(transforms[1:])
        and METHOD_NAMES.issuperset(_algorithms(info, "SignatureMethod"))
        and DIGEST_NAMES.issuperset(_algorithms(info, "Reference", "DigestMethod"))
    )


def _algorithms(info: Element, *path: str) -> list[str | None]:
    found = info.iterfind("/".join(f"{DSIG}{name}" for name in path))
    return [one.get("Algorithm") for one in found]


def _signed(root: Element, certificate: Certificate) -> Element | None:
    """What a certificate signed, read anew from the very bytes that were signed.

    A style sheet that stands before the root is mostly put there after signing (CAP
    Composer does), sometimes before; nothing is read of it either way.
    """
    surrounded = root.getprevious() is not None or root.getnext() is not None
    verifiers = (_Verifier(), _WholeVerifier()) if surrounded else (_Verifier(),)
    found = (_verified(one, root, certificate) for one in verifiers)
    data = next(filter(None, found), b"")
    content = xml_tree(data.decode())
    return None if isinstance(content, Problem) else content


class _Verifier(XMLVerifier):
    """Writes a part down as the root of its own document.

    lxml 6.1 on libxml2 2.14 puts wrong ``xmlns=""`` into the canonical form of a part
    whose default namespace stands above it, and most signatures are such parts.
    """

    @override
    def _c14n(
        self,
        nodes: Element,
        algorithm: CanonicalizationMethod,
        inclusive_ns_prefixes: list[str] | None = None,
    ) -> object:
        part = nodes if nodes.getparent() is None else _alone(nodes)
        return super()._c14n(self._around(part), algorithm, inclusive_ns_prefixes)

    def _around(self, node: Element) -> Element | etree._ElementTree:
        return node


class _WholeVerifier(_Verifier):
    """Counts what stands around the root as signed, as the standard has it.

    The library leaves that out, and so does whoever signs with it.
    """

    @override
    def _tostring(self, xml_node: Element, **how: object) -> bytes:
        return etree.tostring(self._around(xml_node))

    @override
    def _around(self, node: Element) -> Element | etree._ElementTree:
        return node.getroottree() if node.getparent() is None else node


def _alone(part: Element) -> Element:
    """A part with the namespaces that it has from above."""
    text = etree.tostring(part, with_tail=False)
    return etree.fromstring(text, hardened(instructions=True))


def _verified(
    verifier: XMLVerifier, root: Element, certificate: Certificate
) -> bytes | None:
    """The bytes that were signed; None where the signature is not of this key."""
    try:
        found = verifier.verify(
            root,
            x509_cert=certificate,
            parser=hardened(instructions=True),
            expect_config=_strict(certificate),
        )
    except Exception:  # noqa: BLE001 - strangers write what it reads: no error is a yes
        return None
    return found.signed_data if isinstance(found, VerifyResult) else None


def _strict(certificate: Certificate) -> SignatureConfiguration:
    return SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=METHODS,
        digest_algorithms=DIGESTS,
        ignore_ambiguous_key_info=True,  # a key in the message has no say
        verification_time=certificate.not_valid_before_utc,
    )
