"""Where a film comes from, signed into the file. In: a film, an identity. Out: a film with a manifest.

C2PA (https://c2pa.org): the manifest says that the film was made by a trained algorithm, and how. The
default identity is a chain of two certificates made once per installation; readers find it sound but
do not know its owner, which is the truth. One flipped byte is noticed; a remux drops the manifest.
"""

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinora.core.errors import UnsupportedError
from kinora.core.version import __version__
from kinora.media.probe import probe
from kinora.media.sequence import pictures

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
RECIPE = "org.kinora.recipe"
UNKNOWN_OWNER = "signingCredential.untrusted"
YEARS = 10
FORMATS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime"}
"""What we sign, by suffix."""

CARRIERS = {kind: f"image/{kind}" for kind in ("png", "jpeg", "webp", "gif")} | {
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "avi": "video/avi",
}  # fmt: skip
"""What may be signed by anybody, by the format that a probe tells."""


@dataclass(frozen=True)
class Identity:
    """Who signs: PEM of the certificates, the signing one first, and of its key."""

    chain: bytes
    key: bytes


@dataclass(frozen=True)
class Manifest:
    """What a file says of itself.

    Args:
        state: "none", "sound" (nothing was changed since it was signed) or "broken".
        known: whether the signer is one that the reader trusts.
        made_by: name and version of the maker.
        generated: whether it says that a trained algorithm made it.
        recipe: how, as far as it says.
        problems: codes of what does not hold.
    """

    state: str
    known: bool = False
    made_by: str = ""
    generated: bool = False
    recipe: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = ()


def sign(
    source: Path,
    target: Path,
    *,
    identity: Identity,
    recipe: Mapping[str, Any],
    title: str,
    parents: tuple[Path, ...] = (),
) -> None:
    """Write `target`, the film `source` with a signed manifest.

    Args:
        source: MP4 or MOV, complete.
        target: of the same kind.
        identity: who signs.
        recipe: how it was made; goes into the manifest.
        title: name of the film.
        parents: films that it was made from, with what their manifests say.
    """
    c2pa = _library()
    info = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=identity.chain, private_key=identity.key, ta_url=None
    )
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE}
    told = {
        "claim_generator_info": [{"name": "Kinora", "version": __version__}],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": RECIPE, "data": dict(recipe)},
        ],
    }
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(told)) as builder:
        for parent in parents:
            ingredient = {"title": parent.name, "relationship": "inputTo"}
            with parent.open("rb") as stream:
                kind = FORMATS[parent.suffix.lower()]
                builder.add_ingredient(json.dumps(ingredient), kind, stream)
        with source.open("rb") as read, target.open("w+b") as written:
            builder.sign(signer, FORMATS[source.suffix.lower()], read, written)


def read_manifest(path: Path) -> Manifest:
    """What the manifest of a file says, and whether it holds; a sequence as a whole has none.

    Raises:
        NotFoundError: there is no such file.
        BadMediaError: it is no video or image.
        UnsupportedError: the library that reads manifests is not installed.
    """
    c2pa = _library()
    kind = None if pictures(path) else CARRIERS.get(probe(path).format)
    if kind is None:
        return Manifest(state="none")
    try:
        with path.open("rb") as stream, c2pa.Reader(kind, stream) as reader:
            report = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Manifest(state="none")
    except c2pa.C2paError as error:
        return Manifest(state="broken", problems=(str(error),))
    return _manifest(report)


def load_identity(folder: Path) -> Identity:
    """The identity in `folder` (`chain.pem`, `key.pem`), made on first use."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    if not (chain.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = make_identity()
        # The key goes first: a chain without its key would be of no use to whoever finds it.
        for path, data in ((key, made.key), (chain, made.chain)):
            part = path.with_suffix(f".{os.getpid()}.part")
            part.touch(mode=0o600)
            part.write_bytes(data)
            part.replace(path)
    return Identity(chain.read_bytes(), key.read_bytes())


def make_identity() -> Identity:
    """A root and a signing certificate below it; a lone self-signed one is refused by readers."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Kinora local root", root_key, issuer=None, issuer_key=root_key)
    leaf = _certificate("Kinora local signer", leaf_key, issuer=root, issuer_key=root_key)
    pem = serialization.Encoding.PEM
    return Identity(
        chain=leaf.public_bytes(pem) + root.public_bytes(pem),
        key=leaf_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _certificate(
    name: str,
    key: "ec.EllipticCurvePrivateKey",
    *,
    issuer: "x509.Certificate | None",
    issuer_key: "ec.EllipticCurvePrivateKey",
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    root = issuer is None
    names = [(NameOID.ORGANIZATION_NAME, "Kinora"), (NameOID.COMMON_NAME, name)]
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names])
    now = datetime.datetime.now(tz=datetime.UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not root, key_cert_sign=root, crl_sign=root, **usage),
            critical=True,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _manifest(report: Mapping[str, Any]) -> Manifest:
    active = report["manifests"][report["active_manifest"]]
    codes = tuple(entry["code"] for entry in report.get("validation_status", ()))
    problems = tuple(code for code in codes if code != UNKNOWN_OWNER)
    facts = {entry["label"]: entry.get("data") for entry in active.get("assertions", ())}
    maker = (active.get("claim_generator_info") or [{}])[0]
    return Manifest(
        state="broken" if problems else "sound",
        known=UNKNOWN_OWNER not in codes,
        made_by=f"{maker.get('name', '')} {maker.get('version', '')}".strip(),
        generated=SOURCE in json.dumps(facts),
        recipe=facts.get(RECIPE),
        problems=problems,
    )


def _library() -> Any:
    try:
        import c2pa
    except ImportError as error:
        raise UnsupportedError(
            "manifests cannot be read or signed here", remedy="pip install 'kinora[provenance]'"
        ) from error
    return c2pa
