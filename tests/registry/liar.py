"""A registry that has another text under every id, locked ones too; prints its port."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Liar(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"schema": '"string"'}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Liar)
print(server.server_port, flush=True)
server.serve_forever()
