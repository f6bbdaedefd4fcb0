"""Who may talk to the editor: the page it served itself, on this machine, and nobody else."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
SECURITY_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def new_token() -> str:
    """The secret part of the address."""
    return secrets.token_urlsafe(24)


class Guard:
    """Lets requests through whose address begins with the token, on the right host, from the right page.

    A page of another site can make a browser send requests to this machine; it does not know the token, and its
    `Origin` says where it comes from. A name that a stranger's server resolves to this machine is no `Host` of ours.
    """

    def __init__(self, app: App, token: str, hosts: frozenset[str]) -> None:
        """Wrap an application.

        Args:
            app: gets paths without the token.
            token: see `new_token`.
            hosts: `name:port` that the editor answers to.
        """
        self._app, self._token, self._hosts = app, token.encode(), hosts

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it in one line."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reason = self._refusal(scope)
        if scope["type"] != "http":  # there are no WebSockets here
            await send({"type": "websocket.close", "code": 1008})
        elif reason:
            await PlainTextResponse(f"{reason}\n", 403)(scope, receive, _with_headers(send))
        else:
            _, _, path = scope["path"].lstrip("/").partition("/")
            await self._app({**scope, "path": f"/{path}", "root_path": ""}, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> str:
        headers = scope.get("headers", [])
        given = scope["path"].lstrip("/").partition("/")[0].encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._token):
            return "refused: open the address that run_editor.py printed, all of it"
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return "refused: the editor answers on this machine only"
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if any(origin not in {f"http://{host}" for host in self._hosts} for origin in origins):
            return "refused: a request from another page"
        sites = {value for name, value in headers if name == b"sec-fetch-site"}
        if scope.get("method") not in ("GET", "HEAD") and sites - {b"same-origin", b"none"}:
            return "refused: a request from another page"
        return ""


def _with_headers(send: Any) -> Any:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
        await send(message)

    return sending
