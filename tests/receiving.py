"""A program that receives webhooks over real HTTPS, with a certificate of its own, and may be broken."""

import datetime as dt
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.clients.webhooks import Courier

HOST = "hooks.example.com"


def certificate(folder: Path, host: str = HOST) -> Path:
    """A key and a certificate for `host` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{host}.pem"
    path.write_bytes(private + pem)
    return path


class Receiver:
    """Answers what `answers` says next (200 when nothing is left), and keeps what it got."""

    def __init__(self, folder: Path, host: str = HOST) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.pauses: dict[str, float] = {}
        """Seconds before the answer, by path."""
        self.drips = False
        """Whether it answers a byte now and then, without an end."""
        self.pem = certificate(folder, host)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                while receiver.drips:
                    self.wfile.write(b"H")
                    time.sleep(0.05)
                time.sleep(receiver.pauses.get(self.path, 0))
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "https://127.0.0.1/secret")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def courier(self, longest_s: float = 10.0) -> Courier:
        """As the real one, but every name is this machine, and every port the receiver's."""
        return Courier(
            resolve=lambda host, port: ["127.0.0.1"],
            may_reach=lambda address: True,
            ca_file=str(self.pem),
            connect_to=self.port,
            longest_s=longest_s,
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
