"""A limit: nginx, one worker, which answers a constant JSON body."""

import os
from pathlib import Path

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; server_tokens off; default_type application/json;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} backlog=2048; location / {{ return 200 '{{}}'; }} }}
}}
"""


def main() -> None:
    folder = Path(os.environ["BENCH_SCRATCH"])
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=os.environ["BENCH_PORT"]))
    os.execvp("nginx", ["nginx", "-c", str(config)])


if __name__ == "__main__":
    main()
