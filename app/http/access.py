"""Who may ask for what, and where: one table of every route, read by both transports, gRPC and OpenAPI.

    audience    public      nobody is asked for a key: probes, metrics, documentation
                caller      a key of `api_keys_file`, where there is one: predictions, and what models are
                operator    a key of `admin_keys_file`; where there is none, nobody passes
    port        which ports have the route, where operators have one of their own; else all are on the main port

It knows neither sockets nor FastAPI: `app.routers.gate` and `app.protocols.endpoint` ask it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto

from app.http.api_keys import Guard
from app.http.handler import Head


class Audience(Enum):
    """Whose key a route asks for."""

    PUBLIC = "public"
    CALLER = "caller"
    OPERATOR = "operator"


class Port(Flag):
    """The main port, and the operations port beside it."""

    MAIN = auto()
    OPERATIONS = auto()
    BOTH = MAIN | OPERATIONS


@dataclass(frozen=True)
class Access:
    """What is known of a route before a request for it is read."""

    audience: Audience
    port: Port
    counted: bool = False  # against the rate of the caller's key
    quiet: bool = False  # asked each second and of no interest: a good answer has no line in the log


PROBE = Access(Audience.PUBLIC, Port.BOTH, quiet=True)
SCRAPE = Access(Audience.PUBLIC, Port.OPERATIONS, quiet=True)
PAGE = Access(Audience.PUBLIC, Port.MAIN)
ASSET = Access(Audience.PUBLIC, Port.MAIN, quiet=True)
MODELS = Access(Audience.CALLER, Port.BOTH)
ABOUT = Access(Audience.CALLER, Port.MAIN)  # models, in the words of a protocol, and their papers
GLANCE = Access(Audience.CALLER, Port.MAIN, quiet=True)  # the page asks for it again and again
WORK = Access(Audience.CALLER, Port.MAIN, counted=True)
VERB = Access(Audience.OPERATOR, Port.OPERATIONS)

TENSORFLOW_SERVING = ("/v1/models/{name}", "/v1/models/{name}/versions/{version}", "/v1/models/{name}/labels/{label}")
OPEN_INFERENCE = ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")
RPC = "inference.GRPCInferenceService"

ROUTES: Mapping[str, Access] = {
    **dict.fromkeys(("/", "/docs", "/openapi.json"), PAGE),
    **dict.fromkeys(("/docs/assets", "/page", "/page/{path:path}"), ASSET),
    **dict.fromkeys(("/health", "/health/live", "/health/ready", "/health/startup"), PROBE),
    "/metrics": SCRAPE,
    **dict.fromkeys(("/models", "/models/{name}"), MODELS),
    **{f"/models/{{name}}/versions/{{version}}/{what}": ABOUT for what in ("profile", "examples", "files/{file}")},
    "/models/{name}/versions/{version}/now": GLANCE,
    **dict.fromkeys(("/predict", "/feedback"), WORK),
    **dict.fromkeys(("/admin", "/admin/models", "/admin/reload"), VERB),
    **{f"/admin/models/{{name}}/{verb}": VERB for verb in ("load", "unload", "rollback", "canary", "shadow")},
    # TensorFlow Serving
    **dict.fromkeys(("/v1", "/v1/models"), ABOUT),
    **{path + end: ABOUT for path in TENSORFLOW_SERVING for end in ("", "/metadata")},
    **{path + end: WORK for path in TENSORFLOW_SERVING for end in (":predict", ":classify", ":regress")},
    # Open Inference Protocol
    **dict.fromkeys(("/v2", "/v2/", "/v2/models", "/v2/models/stats", "/v2/repository/index"), ABOUT),
    **dict.fromkeys(("/v2/health/live", "/v2/health/ready"), Access(Audience.PUBLIC, Port.MAIN, quiet=True)),
    **{path + end: ABOUT for path in OPEN_INFERENCE for end in ("", "/ready", "/config", "/stats")},
    **{path + "/infer": WORK for path in OPEN_INFERENCE},
    "/v2/repository/models/{name}/{verb}": ABOUT,
    # gRPC, on a port that has nothing else
    **{f"{RPC}/{method}": PROBE for method in ("ServerLive", "ServerReady")},
    **{f"{RPC}/Model{what}": ABOUT for what in ("Ready", "Metadata", "Config", "Statistics")},
    **{f"{RPC}/{method}": ABOUT for method in ("ServerMetadata", "RepositoryIndex")},
    f"{RPC}/ModelInfer": WORK,
}
DEPTH = 3  # parts of a path that are looked at for a path that no route has


def access_of(route: str) -> Access:
    """Return what the table says of a route; what it does not name is for operators alone."""
    return ROUTES.get(route, VERB)


def closest(path: str) -> Access:
    """Return what the table says of the longest path in it that `path` lies below."""
    parts = path.lower().split("/", DEPTH + 1)[: DEPTH + 1]  # some of the paths may be written in any case
    while len(parts) > 1:
        if (above := "/".join(parts)) in ROUTES:
            return ROUTES[above]
        parts.pop()
    return ROUTES["/"]


class Guards:
    """The keys of callers and operators: without a file of their own every caller passes, and no operator."""

    def __init__(self, callers: Guard, operators: Guard | None = None) -> None:
        self.callers = callers
        self.operators = operators or Guard(None, required=True)
        self._public = Guard(None)

    def of(self, access: Access) -> Guard:
        """Return who looks at the keys of those who ask for such a route."""
        if access.audience is Audience.PUBLIC:
            return self._public
        return self.callers if access.audience is Audience.CALLER else self.operators

    def admit(self, access: Access, head: Head) -> None:
        """Let a request pass; raises `Unauthorized` for a key of nobody's, `Overloaded` for a caller above its rate."""
        guard = self.of(access)
        (guard.check if access.counted else guard.identify)(head)

    def refresh(self) -> None:
        """Look at the files again; the event loop does it each second."""
        self.callers.refresh()
        self.operators.refresh()
