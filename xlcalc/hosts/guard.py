"""What stands before the server's application: who may ask, how much at once, for how long, in what form.

Everything refused here is answered with a status and one sentence, and costs the other clients nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, wraps
from threading import Thread
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from xlcalc import limits
from xlcalc.language.deadline import within

_FEW = 1_000  # cells of a call that is answered at once
_THREADS = 6  # that calculate
_COMMAS = 4  # of a body for each cell that is taken: texts have some too
# the pages' own scripts and styles; Office.js sets styles in the page and speaks to Microsoft's services
POLICY = (
    "default-src 'self'; script-src 'self' https://appsforoffice.microsoft.com; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self' https:; frame-src 'self' https:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
_CALL = "/xlwings/custom-functions-call"

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refused(Exception):
    """A request that is not answered: a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Guard:
    """An ASGI application around another.

    `hosts` are the names that requests may be addressed to, None for any: a page elsewhere whose name was made to point
    here (DNS rebinding) has another. `name` is the server's where a proxy stands before it; `origins` are pages that
    may ask besides those of this server, "*" for all; `functions` what may be called, and whether it searches; `policy`
    the Content-Security-Policy of pages, empty for none.

    A large call and a search wait for those of the same client, and are read and written in a loop of their own: the
    others are answered meanwhile.
    """

    def __init__(
        self,
        application: Application,
        hosts: Collection[str] | None,
        name: str,
        origins: Collection[str],
        functions: Mapping[str, bool],
        policy: str,
    ) -> None:
        self.application, self.hosts, self.name, self.origins = application, hosts, name, origins
        self.functions, self.policy = functions, policy.encode()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # of each client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        is_large = False
        try:
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            self._check_sender(scope, headers)
            if scope["method"] == "POST":
                body = await _body(headers, receive)
                if scope["path"].endswith(_CALL):
                    is_large = self._check_call(body)
                receive = _again(body, receive)
        except Refused as refused:
            await _refuse(send, refused)
            return
        if is_large:
            await self._answer_apart(scope, receive, send)
        else:
            await self.application(scope, receive, self._with_policy(send))

    @cached_property
    def _apart(self) -> asyncio.AbstractEventLoop:
        """A second loop, which stays: what the application keeps for a while expires by it."""
        loop = asyncio.new_event_loop()
        Thread(target=loop.run_forever, name="xlcalc-large", daemon=True).start()
        return loop

    async def _answer_apart(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        async def answer() -> None:
            await self.application(scope, receive, self._with_policy(keep))

        client = str((scope.get("client") or ("",))[0])
        turn = self._turns.setdefault(client, asyncio.Lock())
        async with turn:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer(), self._apart))
        for message in messages:
            await send(message)

    def _check_sender(self, scope: Scope, headers: Mapping[bytes, str]) -> None:
        host = headers.get(b"host", "")
        if self.hosts is not None and name_of(host) not in self.hosts:
            raise Refused(421, f"this server is not {name_of(host)[:80]}: set XLWINGS_HOSTNAME to the name it has")
        origin = headers.get(b"origin", "")
        if scope["method"] != "POST" or not origin or "*" in self.origins or origin in self.origins:
            return
        address = origin.partition("://")[2]
        if address != host and not (self.name and name_of(address) == self.name):
            raise Refused(403, f"pages of {origin[:80]} may not ask: name them in XLWINGS_CORS_ALLOW_ORIGINS")

    def _check_call(self, body: bytes) -> bool:
        """Refuse what is no call; whether it is a large one."""
        if body.count(b",") > _COMMAS * limits.CALL_CELLS:  # before it is read, which others would wait for
            raise Refused(413, f"a call takes at most {limits.CALL_CELLS:,} cells: use fewer rows at once")
        try:
            data = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            sentence = str(error) if isinstance(error, _Constant) else "the body is no JSON text"
            raise Refused(400, sentence) from None
        if not isinstance(data, dict) or not isinstance(data.get("args"), list):
            raise Refused(400, "the body of a call has a func_name and a list of args")
        if not isinstance(data.get("func_name"), str) or data["func_name"] not in self.functions:
            raise Refused(404, f"there is no function {str(data.get('func_name'))[:60]}")
        for name in ("client", "version", "runtime"):
            if not isinstance(data.get(name), str):
                raise Refused(400, f"the body of a call has a text for {name}")
        for name in ("caller_address", "culture_info_name", "date_format"):
            if not isinstance(data.get(name), (str, type(None))):
                raise Refused(400, f"{name} of a call is a text")
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", data["runtime"]):
            raise Refused(400, "the runtime of a call is a version such as 1.4")
        rows = [row for argument in data["args"] for row in (argument if isinstance(argument, list) else [argument])]
        cells = [cell for row in rows for cell in (row if isinstance(row, list) else [row])]
        if not all(map(_is_cell, cells)):
            raise Refused(400, "an argument is rows of numbers, texts, truth values and errors")
        if len(cells) > limits.CALL_CELLS:
            raise Refused(
                413, f"a call takes at most {limits.CALL_CELLS:,} cells; got {len(cells):,}: use fewer rows at once"
            )
        return len(cells) > _FEW or self.functions[data["func_name"]]

    def _with_policy(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if self.policy and message["type"] == "http.response.start":
                names = {name.lower(): value for name, value in message["headers"]}
                if names.get(b"content-type", b"").startswith(b"text/html"):
                    message["headers"] = [*message["headers"], (b"content-security-policy", self.policy)]
            await send(message)

        return sending


def off_the_loop(module: Any, names: Collection[str]) -> None:
    """Let the functions of a module calculate in threads, so that others are answered meanwhile, none for longer than a
    call may."""
    pool = ThreadPoolExecutor(_THREADS, "xlcalc")
    for name in names:
        setattr(module, name, _awaited(getattr(module, name), pool))


def _awaited(function: Callable[..., Any], pool: ThreadPoolExecutor) -> Callable[..., Any]:
    def in_time(values: tuple[Any, ...]) -> Any:
        with within(limits.CALL_SECONDS):
            return function(*values)

    @wraps(function)
    async def calculated(*values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, in_time, values)

    return calculated


def _is_cell(value: Any) -> bool:
    """Whether it is a cell as Office.js describes one: an entity has a type and the value that it stands for."""
    if isinstance(value, dict):
        return isinstance(value.get("type"), str) and not isinstance(value.get("basicValue", {}), (dict, list))
    return not isinstance(value, list)


class _Constant(ValueError):
    pass


def _no_constant(name: str) -> Any:
    raise _Constant(f"{name} is no number of JSON")


def name_of(host: str) -> str:
    """The name of a host without its port, an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].casefold().rstrip(".")


async def _body(headers: Mapping[bytes, str], receive: Receive) -> bytes:
    said = headers.get(b"content-length", "0")
    if said.isdigit() and int(said[:20]) > limits.BODY:
        raise Refused(413, f"a body has at most {limits.BODY // 2**20} MB")
    try:
        return await asyncio.wait_for(_read(receive), limits.CALL_SECONDS)
    except (TimeoutError, asyncio.TimeoutError):
        raise Refused(408, f"a body arrives within {limits.CALL_SECONDS:g} s") from None


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "the client left")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.BODY:
            raise Refused(413, f"a body has at most {limits.BODY // 2**20} MB")
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for the application to read."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving


async def _refuse(send: Send, refused: Refused) -> None:
    body = json.dumps({"detail": refused.sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
               (b"connection", b"close")]  # fmt: skip
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
