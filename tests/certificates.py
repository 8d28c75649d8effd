"""Certificates that tests sign themselves."""

import datetime
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM
DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
        is_one = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = (
            _begun(self._name, self._name, self._key.public_key())
            .add_extension(is_one, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def issue(self, names: Sequence[str], certificate: Path, key: Path) -> int:
        """Write a certificate for these hosts and its key; what its serial number is."""
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        signed = (
            _begun(subject, self._name, own.public_key())
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        key.write_bytes(
            own.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        certificate.write_bytes(signed.public_bytes(PEM))
        return signed.serial_number

    def trusted(self) -> ssl.SSLContext:
        """Believes what this one has signed, and nothing else."""
        text = self.certificate.public_bytes(PEM).decode()
        return ssl.create_default_context(cadata=text)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
    )
