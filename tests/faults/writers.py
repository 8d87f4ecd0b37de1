"""writers.py URL WRITERS DIRECTORY - so many people write until DIRECTORY/stop is there, each one write after the other, to the lanes of five
services. A write that is not decided (202, 503, no answer) is sent again with its Idempotency-Key until it is, and what was
acknowledged is read at once.

DIRECTORY/writes has a line for each decided write: begin and end (s since 1970), writer, kind, lane, tries, id
DIRECTORY/wrong  has a line for each answer that nobody may give: a refusal, or "not found" or "wrong password" of what was acknowledged

In the end everything that was acknowledged is read once more; status 1 when there was a wrong answer."""

import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

PAUSE_S = 0.03  # of a writer, between two writes
AGAIN_S = 0.05  # until a write that was not decided is sent again
ANSWER_S = 40
ACCOUNT_EVERY = 8  # rounds: a password costs more than all other writes of a round
JOB = {"title": "Read a log backwards", "description": "We lost the index.", "skills": ["kafka"], "budget": {"amount": 150000, "currency": "EUR"}}


class Journal:
    def __init__(self, directory):
        self.lock = threading.Lock()
        self.stop = os.path.join(directory, "stop")
        self.files = {name: open(os.path.join(directory, name), "a", buffering=1) for name in ("writes", "wrong")}
        self.wrongs = 0

    def stopped(self):
        return os.path.exists(self.stop)

    def line(self, name, *words):
        with self.lock:
            self.wrongs += name == "wrong"
            print(*words, file=self.files[name])


class Writer:
    def __init__(self, place, number, journal):
        self.place, self.number, self.journal = place, number, journal
        self.connection = self.token = None
        self.wait = threading.Event()
        self.keys = 0
        self.jobs, self.messages, self.accounts = {}, [], []

    def send(self, method, path, body, headers):
        """One answer: status, headers, body; status 0 when there was none."""
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection(self.place, timeout=ANSWER_S)
            self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers, text
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, {}, b""

    def decided(self, method, path, body, expected, **more):
        """Asks until there is an answer that says yes or no; None when it is not the one expected."""
        headers = {"Content-Type": "application/json", "Prefer": "wait=10", **more}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        tries = 0
        while True:
            status, fields, text = self.send(method, path, body, headers)
            tries += 1
            if status == expected:
                return tries, fields, json.loads(text)
            if status not in (0, 202, 503):
                self.journal.line("wrong", f"{time.time():.3f}", method, path, status, text[:300])
                return tries, fields, None
            self.wait.wait(AGAIN_S)

    def write(self, kind, method, path, body, expected=200):
        """A write with a key of its own; its resource, or None."""
        self.keys += 1
        begin = time.time()
        tries, fields, thing = self.decided(method, path, body, expected, **{"Idempotency-Key": f"{self.number}.{self.keys}"})
        if thing:
            lane = fields.get("Hirelog-Position", "?").split(":")[0]
            self.journal.line("writes", f"{begin:.3f} {time.time():.3f}", self.number, kind, lane, tries, thing["id"])
        self.wait.wait(PAUSE_S)
        return thing

    def read(self, path):
        return self.decided("GET", path, None, 200)[2]

    def register(self, name):
        account = {"email": f"{name}@example.org", "password": f"correct horse of {name}"}
        made = self.write("register", "POST", "/api/register/", {**account, "display_name": name, "roles": ["client", "freelancer"]}, 201)
        if made:
            self.accounts.append(account)
        return made, account

    def login(self, account):
        return self.decided("POST", "/api/login/", account, 200)[2]

    def enter(self):
        made, account = self.register(f"writer.{os.getpid()}.{self.number}")
        self.id, self.token = made["id"], self.login(account)["token"]

    def round(self, n, others):
        title = f"Job {n} of {self.number}"
        job = self.write("post", "POST", "/api/jobs/create/", {**JOB, "title": title}, 201)
        if job:
            path = f"/api/jobs/{job['id']}/"
            self.jobs[path] = title
            self.read(path)
            if self.write("edit", "PATCH", path, {"title": f"{title}, edited"}):
                self.jobs[path] = f"{title}, edited"
            message = {"to": others[(self.number + 1 + n % (len(others) - 1)) % len(others)].id, "job_id": job["id"], "body": f"About {title}"}
            sent = self.write("message", "POST", "/api/messages/create/", message, 201)
            if sent:
                self.messages.append(f"/api/messages/{sent['id']}/")
                self.read(self.messages[-1])
        self.write("profile", "PATCH", "/api/profile/", {"headline": f"Round {n}"})
        self.write("client", "PATCH", f"/api/clients/{self.id}/", {"company": f"Company {n}"})
        self.write("freelancer", "PATCH", f"/api/freelancers/{self.id}/", {"headline": f"Round {n}"})
        if n % ACCOUNT_EVERY == self.number % ACCOUNT_EVERY:
            _, account = self.register(f"account.{os.getpid()}.{self.number}.{n}")
            self.login(account)

    def run(self, others):
        n = 0
        while not self.journal.stopped():
            self.round(n, others)
            n += 1

    def look_again(self):
        for path, title in self.jobs.items():
            job = self.read(path)
            if job and job["title"] != title:
                self.journal.line("wrong", path, "has the title", job["title"], "not", title)
        for path in self.messages:
            self.read(path)
        for account in self.accounts:
            self.login(account)


def each(writers, act):
    threads = [threading.Thread(target=act, args=(w,)) for w in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    place, directory = urllib.parse.urlsplit(sys.argv[1]).netloc, sys.argv[3]
    journal = Journal(directory)
    writers = [Writer(place, i, journal) for i in range(int(sys.argv[2]))]
    each(writers, Writer.enter)
    each(writers, lambda w: w.run(writers))
    each(writers, Writer.look_again)
    print(sum(len(w.jobs) for w in writers), sum(len(w.messages) for w in writers), sum(len(w.accounts) for w in writers))
    return 1 if journal.wrongs else 0


sys.exit(main())
