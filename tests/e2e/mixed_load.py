"""mixed_load.py URL THREADS STOP-FILE - people of all six services until the file is there: they register, post, apply, hire, complete,
write, pay and give back. Prints what was done; an answer that nobody expects ends it with status 1."""

import http.client
import json
import os
import sys
import threading
import urllib.parse

ROUNDS_OF_A_PAIR = 6
PAGE = 50


class Person:
    def __init__(self, place, name, role):
        self.connection = http.client.HTTPConnection(place, timeout=60)
        self.token = None
        account = {"email": f"{name}@example.org", "password": f"correct horse of {name}"}
        self.id = self.ask("POST", "/api/register/", {**account, "display_name": name, "roles": [role]})["id"]
        self.token = self.ask("POST", "/api/login/", account)["token"]

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Prefer": "wait=30"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


def euros(amount):
    return {"amount": amount, "currency": "EUR"}


def settle(client, freelancer, done):
    """Pays what is due, in parts or at once, and gives some of it back."""
    for invoice in client.ask("GET", f"/api/invoices/?page_size={PAGE}")["results"]:
        if invoice["status"] != "issued":
            continue
        part = {"amount": euros(100)} if done["payments"] % 2 else {}
        payment = client.ask("POST", "/api/payments/", {"invoice_id": invoice["id"], "method": "card", **part})
        done["payments"] += 1
        if done["payments"] % 3 == 0:
            freelancer.ask("POST", f"/api/payments/{payment['id']}/refund/", {"amount": euros(1)})
            done["refunds"] += 1


def work(client, freelancer, done):
    job = client.ask("POST", "/api/jobs/create/", {"title": "Cut a log", "description": "In one piece.", "skills": ["kafka"],
                                                   "budget": euros(150000)})
    application = freelancer.ask("POST", f"/api/jobs/{job['id']}/applications/", {"cover_letter": "Here.", "bid": euros(140000)})
    freelancer.ask("POST", "/api/messages/create/", {"to": client.id, "job_id": job["id"], "body": "When?"})
    contract = client.ask("POST", f"/api/clients/{client.id}/hires/", {"application_id": application["id"]})
    client.ask("POST", f"/api/contracts/{contract['id']}/complete/", {})
    done["contracts"] += 1


def run(place, number, stop, done, failed):
    pairs = 0
    try:
        while not os.path.exists(stop):
            name = f"load.{os.getpid()}.{number}.{pairs}"
            client, freelancer = Person(place, f"c.{name}", "client"), Person(place, f"f.{name}", "freelancer")
            pairs += 1
            for _ in range(ROUNDS_OF_A_PAIR):
                if os.path.exists(stop):
                    break
                work(client, freelancer, done)
                settle(client, freelancer, done)
    except Exception as e:  # the other threads are told by the file
        failed.append(e)
        open(stop, "w").close()
    done["people"] += 2 * pairs


def main():
    url, threads, stop = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    place = urllib.parse.urlsplit(url).netloc
    failed, all_done = [], []
    running = []
    for i in range(threads):
        done = {"people": 0, "contracts": 0, "payments": 0, "refunds": 0}
        all_done.append(done)
        running.append(threading.Thread(target=run, args=(place, i, stop, done, failed)))
        running[-1].start()
    for thread in running:
        thread.join()
    print(", ".join(f"{sum(d[k] for d in all_done)} {k}" for k in all_done[0]))
    for e in failed:
        print(f"failed: {e}", file=sys.stderr)
    return 1 if failed else 0


sys.exit(main())
