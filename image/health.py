"""The image's HEALTHCHECK: `python -IS health.py` ends with 0 if the process is ready, else with 1.

Where it asks stands in the service's own variables: SLIPWAY_PORT, and SLIPWAY_TLS_CERTIFICATE says that it is HTTPS.
With the operations port set it asks there. Where clients need a certificate, it has none: run with --no-healthcheck.
It imports nothing that is installed, and no proxy of the environment is asked.
"""

import http.client
import os
import sys

TIMEOUT_S = 2


def main() -> int:
    """Ask for readiness on this machine."""
    port = int(os.environ.get("SLIPWAY_OPERATIONS_PORT") or os.environ["SLIPWAY_PORT"])
    connection = _connect(port, tls="SLIPWAY_TLS_CERTIFICATE" in os.environ)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read(4096)
    except (OSError, http.client.HTTPException) as error:
        print(f"No answer on port {port}: {error!r}")
        return 1
    if answer.status != 200:
        print(body.decode(errors="replace"))
    return int(answer.status != 200)


def _connect(port: int, *, tls: bool) -> http.client.HTTPConnection:
    """Connect to this machine; whose certificate it is does not matter to somebody who asks himself."""
    if not tls:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    import ssl  # noqa: PLC0415  (a tenth of a second of one's CPU every ten seconds, where it is not needed)

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_S, context=context)


if __name__ == "__main__":
    sys.exit(main())
