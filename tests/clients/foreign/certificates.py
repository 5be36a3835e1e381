"""An authority, and certificates from it for the service, the proxies and the clients; all valid for a day.

    write(folder)   authority.pem ─┬─> server.{pem,crt,key}    localhost and 127.0.0.1
                                   └─> client.{pem,crt,key,p12}

A .pem holds certificate and key, as proxies like it; Java reads the .p12.
"""

import subprocess
from pathlib import Path

PASSWORD = "of-a-day"


def write(folder: Path) -> dict[str, str]:
    """Write all of them and return what a client is told."""
    authority = folder / "authority"
    _openssl("req", "-x509", *_new(authority), "-out", f"{authority}.pem", "-days", "1", "-subj", "/CN=authority")
    for name in ("server", "client"):
        _signed(folder, name)
    client = folder / "client"
    store = ("-out", f"{client}.p12", "-passout", f"pass:{PASSWORD}")
    _openssl("pkcs12", "-export", "-in", f"{client}.crt", "-inkey", f"{client}.key", *store)
    told = {"authority": f"{authority}.pem", "certificate": f"{client}.crt", "key": f"{client}.key"}
    return told | {"keystore": f"{client}.p12", "password": PASSWORD}


def _signed(folder: Path, name: str) -> None:
    own, authority = folder / name, folder / "authority"
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl("req", *_new(own), "-out", f"{own}.csr", "-subj", f"/CN={name}")
    signer = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-extfile", str(extensions))
    _openssl("x509", "-req", "-in", f"{own}.csr", *signer, "-days", "1", "-out", f"{own}.crt")
    (folder / f"{name}.pem").write_text(Path(f"{own}.crt").read_text() + Path(f"{own}.key").read_text())


def _new(path: Path) -> list[str]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return [*curve, "-nodes", "-keyout", f"{path}.key"]


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
