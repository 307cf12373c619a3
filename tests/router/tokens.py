"""Tokens of an issuer of these tests, and the issuer's keys on a port."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from joserfc import jwt
from joserfc.jwk import ECKey

KEY = ECKey.generate_key("P-256", parameters={"kid": "tests"}, private=True)
FOREIGN_KEY = ECKey.generate_key("P-256", parameters={"kid": "tests"}, private=True)


def token(issuer: str, subject: str = "aino", lifetime_s: float = 600, key: ECKey = KEY) -> str:
    """A bearer token as the value of `authorization`."""
    now = int(time.time())
    claims = {"iss": issuer, "sub": subject, "aud": "delivery-platform", "iat": now, "exp": int(now + lifetime_s)}
    return f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'tests', 'typ': 'at+jwt'}, claims, key)}"


@contextmanager
def running_issuer() -> Generator[str]:
    """The URL of an issuer that publishes KEY's public half."""
    keys = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
