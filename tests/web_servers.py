"""nginx and Caddy with the very files of ``deploy/``, behind a certificate authority of the tests.

``python -m tests.web_servers`` gets both when they are missing, and ``promtool`` of Prometheus,
without installing them: on a developer's machine an installed server would start, and take port 80.
Where they cannot be had, the tests that need them are skipped.
"""

import datetime
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.running_app import ROOT, listens, wait_until

DEPLOY: Final = ROOT / "deploy"
ADVICE: Final = (
    "nginx, Caddy and promtool are needed for the tests of the files in deploy/. Install them (on "
    "Debian: apt-get install nginx-light caddy prometheus; on macOS: brew install nginx caddy "
    "prometheus)."
)
_PACKAGES: Final = {"nginx": "nginx", "caddy": "caddy", "promtool": "prometheus"}
_FETCHED: Final = ROOT / ".local" / "web-servers"
_DAY: Final = datetime.timedelta(days=1)
_NGINX: Final = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    types {{
        text/html html; text/css css; application/javascript js;
        image/svg+xml svg; font/woff2 woff2;
    }}
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {sites}
}}
"""


class Authority:
    """A certificate authority that nobody but the tests trusts.

    Args:
        folder: Where its files go.
        names: The names that its one certificate is for.

    Attributes:
        file: Its own certificate.
        certificate: The certificate for the names, and its key in ``key``.
        pin: What Chromium knows that key by.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        own, served = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The tests' authority")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        root = (
            _certificate(issuer, issuer, own)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(own, hashes.SHA256())
        )
        leaf = (
            _certificate(subject, issuer, served)
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .sign(own, hashes.SHA256())
        )
        self.file, self.certificate, self.key = (
            folder / name for name in ("authority.pem", "certificate.pem", "key.pem")
        )
        pem = serialization.Encoding.PEM
        self.file.write_bytes(root.public_bytes(pem))
        self.certificate.write_bytes(leaf.public_bytes(pem))
        self.key.write_bytes(
            served.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public = served.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.pin = b64encode(sha256(public).digest()).decode()

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client that trusts this authority alone uses."""
        return ssl.create_default_context(cafile=str(self.file))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def find_server(name: str) -> str | None:
    """Return the path of nginx, Caddy or promtool, None when it is not on this machine."""
    folders = (*("/usr/sbin", "/usr/bin"), *(_FETCHED / "usr" / each for each in ("sbin", "bin")))
    places = os.pathsep.join((os.environ.get("PATH", ""), *map(str, folders)))
    return shutil.which(name, path=places)


def deployed(name: str, changes: Mapping[str, str]) -> str:
    """Return a file of ``deploy/`` with names, ports and paths of a test.

    Raises:
        ValueError: Something to change is not there.
    """
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"deploy/{name} has no '{old}'")
        text = text.replace(old, new)
    return text


def own_names(authority: Authority, name: str, port: int, plain: int) -> dict[str, str]:
    """Return what to change in ``nginx.conf``: its name, certificate and ports, TLS and plain."""
    return {
        "/etc/letsencrypt/live/app.example.com/fullchain.pem": str(authority.certificate),
        "/etc/letsencrypt/live/app.example.com/privkey.pem": str(authority.key),
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "app.example.com": name,
    }


def nginx_backends(*ports: int) -> dict[str, str]:
    """Return what to change in ``nginx.conf``: the shipped line of the backend, for each of them.

    Raises:
        ValueError: It has another number of such lines than one.
    """
    [line] = re.findall(r"^ +server 127.*\n", deployed("nginx.conf", {}), re.MULTILINE)
    return {line: "".join(line.replace("3000", str(port)) for port in ports)}


def caddy_backends(*ports: int) -> dict[str, str]:
    """Return the same for the ``Caddyfile``, which has their addresses in one line."""
    return {
        "{$APP_UPSTREAM:127.0.0.1:3000}": " ".join(f"127.0.0.1:{port}" for port in ports),
    }


@contextmanager
def nginx(folder: Path, port: int, *sites: str) -> Iterator[Path]:
    """Run nginx with files of its ``http`` context, and yield where it logs errors."""
    files = []
    for number, site in enumerate(sites):
        files.append(folder / f"site-{number}.conf")
        files[-1].write_text(site, encoding="utf-8")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _NGINX.format(
            folder=folder,
            # Else the workers of a root cannot read the tests' folders.
            user="" if os.geteuid() else "user root;",
            sites="\n    ".join(f"include {file};" for file in files),
        ),
        encoding="utf-8",
    )
    log = folder / "error.log"
    with _running([path_of("nginx"), "-p", str(folder), "-c", str(configuration)], port, log):
        yield log


@contextmanager
def caddy(folder: Path, port: int, site: str) -> Iterator[Path]:
    """Run Caddy with a site, and yield where it logs."""
    configuration = folder / "Caddyfile"
    # Its own redirects would take port 80, its administration port 2019.
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    configuration.write_text(options + site, encoding="utf-8")
    log = folder / "caddy.log"
    command = [path_of("caddy"), "run", "--adapter", "caddyfile", "--config", str(configuration)]
    with _running(command, port, log, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder)):
        yield log


@contextmanager
def _running(command: Sequence[str], port: int, log: Path, **env: str) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **env})
    try:

        def is_up() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended: {log.read_text()[-2000:]}")
            return listens(port)

        wait_until(is_up, seconds=20, what=f"{command[0]} does not listen; its log: {log}")
        yield
    finally:
        process.terminate()
        process.wait(20)


def path_of(name: str) -> str:
    """Return the path of one of the three, or skip the test."""
    found = find_server(name)
    if found is None:
        pytest.skip(ADVICE)
    return found


def _fetch(name: str) -> bool:
    """Unpack a Debian package below ``.local/``; tell whether its program is there."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["apt-get", "download", _PACKAGES[name]], cwd=folder, capture_output=True, check=False
        )
        files = list(Path(folder).glob("*.deb"))
        if done.returncode or not files:
            return False
        subprocess.run(["dpkg", "-x", str(files[0]), str(_FETCHED)], check=True)
    return find_server(name) is not None


def main() -> int:
    """Get all three where that is possible; elsewhere say what to install, and return 1."""
    missing = [name for name in _PACKAGES if find_server(name) is None]
    if missing and shutil.which("apt-get"):
        sys.stderr.write(f"Fetching {' and '.join(missing)} for the tests of deploy/.\n")
        if not all(map(_fetch, missing)):
            prefix = ["sudo", "-n"] if os.geteuid() else []
            subprocess.run([*prefix, "apt-get", "update"], capture_output=True, check=False)
            for name in missing:
                _fetch(name)
    if all(find_server(name) for name in _PACKAGES):
        return 0
    sys.stderr.write(f"{ADVICE} Until then they are skipped.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
