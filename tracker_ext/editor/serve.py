"""The editor as a program: a server on this machine, and the browser that shows it."""

from __future__ import annotations

import socket
import threading
import webbrowser

import uvicorn

from ltr_ext.errors import UserError
from tracker_ext.editor.desk import Desk
from tracker_ext.editor.guard import Guard, new_token
from tracker_ext.editor.server import application

LOOPBACK = "127.0.0.1"


def serve(desk: Desk, listener: socket.socket, open_browser: bool) -> None:
    """Serve the page until it is left, or until Ctrl-C.

    Args:
        desk: the clips; is closed at the end.
        listener: see `listen`; is closed at the end.
        open_browser: show the page.

    Raises:
        KeyboardInterrupt: after Ctrl-C; everything is closed.
    """
    port = listener.getsockname()[1]
    token = new_token()
    hosts = frozenset({f"{LOOPBACK}:{port}", f"localhost:{port}"})
    address = f"http://{LOOPBACK}:{port}/{token}/"
    config = uvicorn.Config(
        Guard(application(desk), token, hosts),
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    server = uvicorn.Server(config)

    def leave() -> None:
        server.should_exit = True

    desk.on_leave = leave
    print(f"editor: {address}\nEverything is saved as it happens; Ctrl-C ends the program.", flush=True)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        desk.close()


def listen(port: int) -> socket.socket:
    """A socket of this machine that nobody else reaches.

    Raises:
        UserError: the port is taken, or none.
    """
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: give one from 1024 to 65535, or 0 for any that is free")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # before the address is told: a browser is faster than the server
    except OSError as error:
        listener.close()
        raise UserError(f"--port {port}: cannot be used ({error.strerror}); give another one, or 0 for any") from error
    return listener
