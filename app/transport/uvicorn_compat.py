"""Is the installed uvicorn the one that `app.transport.fast_path` and `app.transport.strict_http` lean on?

Its protocol class does not promise to stay what it is. Where it has changed, `app.transport.asgi` serves alone, on it
as it is.
"""

import inspect
import logging

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger("slipway.protocol")

ATTRIBUTES = {"cycle", "pipeline", "flow", "parser", "headers", "url", "server_state", "access_log", "transport"}
METHODS = {
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_header": ["self", "name", "value"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
    "_unset_keepalive_if_required": ["self"],
    "timeout_keep_alive_handler": ["self"],
    "connection_made": ["self", "transport"],
    "data_received": ["self", "data"],
    "send_400_response": ["self", "msg"],
}


def fits(protocol: type = HttpToolsProtocol) -> bool:
    """Say whether uvicorn's class still has what the fast path leans on."""
    methods = [method for method in vars(protocol).values() if inspect.isfunction(method)]
    named = {name for method in methods for name in method.__code__.co_names}
    missing = sorted(ATTRIBUTES - named)
    for name, parameters in METHODS.items():
        method = getattr(protocol, name, None)
        if method is None or list(inspect.signature(method).parameters) != parameters:
            missing.append(name)
    if missing:
        log.warning("uvicorn's HTTP class has changed (%s): serving through the ASGI path.", ", ".join(missing))
    return not missing
