"""A server on this machine that misbehaves on purpose, for the tests of downloads."""

import email.utils
import http.server
import threading
import time

CHANGED = 891388824  # when the file was last changed, in s since 1970


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`, bytes for any path or a function of it (None: there is no such file). What
    it does wrong is told by the first part of the path, or by the function `manner` of it."""

    daemon_threads = True

    def __init__(self, content, manner=lambda path: path.split("/")[1]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = self.later = content  # later: what "changing" files become
        self.manner = manner
        self.seen = {}
        self.authorizations = []
        self.continued = []  # bytes from which something was gone on with
        self.manners = {}  # of stars, for the manner "by-star"
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        with server.lock:
            server.authorizations.append(self.headers["Authorization"])
            tries = server.seen[self.path] = server.seen.get(self.path, 0) + 1
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            self.answer(server.manner(self.path), tries)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with server.lock:
                server.at_once -= 1

    def rest(self, body, changed, heeds=True):
        """Answers as a server that can send parts, and `heeds` If-Range or not."""
        date = email.utils.formatdate(changed, usegmt=True)
        start = 0
        if "Range" in self.headers and (not heeds or self.headers.get("If-Range", date) == date):
            start = int(self.headers["Range"].split("=")[1].rstrip("-"))
            self.server.continued.append(start)
        self.send(206 if start else 200, body[start:], Last_Modified=date,
                  **({"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
                     if start else {}))

    def send(self, code, body, length=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self, manner, tries):
        content = self.server.content
        body = content(self.path) if callable(content) else content
        if manner == "by-star":
            star = self.path.split("-")[-3].lstrip("0")
            manner = self.server.manners.get(star, "good")
        if manner == "missing" or body is None:
            self.send(404, b"no such file")
        elif manner == "busy" and tries < 3:
            self.send(429, b"slow down", Retry_After="1")
        elif manner == "broken" and tries < 3:
            self.send(503, b"down")
        elif manner == "dead":
            self.send(500, b"always")
        elif manner in ("short", "changing", "careless") and tries < 2:
            self.send(200, body[: len(body) // 2], length=len(body),
                      Last_Modified=email.utils.formatdate(CHANGED, usegmt=True))
        elif manner in ("changing", "careless"):
            self.rest(self.server.later, CHANGED + 5, heeds=manner == "changing")
        elif manner == "stall" and tries < 2:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", email.utils.formatdate(CHANGED, usegmt=True))
            self.end_headers()
            self.wfile.write(body[: len(body) // 3])
            self.wfile.flush()
            with self.server.lock:
                self.server.at_once -= 1  # who asked does not wait for the end of it
            time.sleep(4)
            with self.server.lock:
                self.server.at_once += 1
        elif manner in ("short", "stall"):
            self.rest(body, CHANGED)
        elif manner == "another-range" and "Range" in self.headers:
            self.send(206, body, Content_Range=f"bytes 0-{len(body) - 1}/{len(body)}")
        elif manner == "emptied" and "Range" in self.headers:
            self.send(200, b"")
        elif manner == "unasked" and tries < 2:  # a part that nobody asked for
            self.send(206, body[:2880], Content_Range=f"bytes 0-2879/{len(body)}")
        elif manner == "odd" and tries < 2:
            self.send(200, body[:-7])
        elif manner == "unsized" and tries < 2:  # no length, and not all of it
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2 - 7])
        elif manner == "garbage" and tries < 2:
            self.send(200, bytes(range(256)) * 20)
        elif manner == "forbidden":
            self.send(403, b"no")
        elif manner == "loop":
            self.send(302, b"", Location=self.path)
        elif manner == "html" and tries < 2:
            self.send(200, b"<html>sign in</html>".ljust(2880))
        elif manner == "empty" and tries < 2:
            self.send(200, b"")
        elif manner == "redirect" and tries < 2 and "?" not in self.path:
            self.send(302, b"", Location=self.path + "?again")
        elif manner == "slow":
            time.sleep(0.2)
            self.send(200, body)
        else:
            self.send(200, body)
