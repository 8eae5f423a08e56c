#!/usr/bin/env python3
"""Prints what one is told from now on, a line each:  TIDINGS_TOKEN=… examples/hear.py

TIDINGS_URL is the site (http://127.0.0.1:8080 if it is not set), TIDINGS_TOKEN a token that may read. While nothing happens, each question is
answered by 304, which costs the site next to nothing; it says itself how often it likes to be asked.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("TIDINGS_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("TIDINGS_TOKEN") or sys.exit("TIDINGS_TOKEN is the token to read with.")


def ask(path, etag=None):
    """The answer, also if it is 304. What cannot be answered now is asked again."""
    while True:
        request = urllib.request.Request(URL + path, headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"})
        if etag:
            request.add_header("If-None-Match", etag)
        try:
            return urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as answer:
            if answer.code == 304:
                return answer
            if answer.code not in (429, 500, 502, 503, 504):
                sys.exit(f"{path} was answered {answer.code}: {answer.read().decode(errors='replace')}")
            wait = answer.headers.get("Retry-After", "")
            time.sleep(int(wait) if wait.isdigit() else 10)
        except OSError as trouble:
            print(f"{URL} cannot be reached ({trouble})", file=sys.stderr)
            time.sleep(10)


def newer_than(last):
    """The notifications with a greater id than `last`, oldest first."""
    found, page = [], "/api/notifications?limit=100"
    while page:
        answer = json.load(ask(page))
        new = [notification for notification in answer["notifications"] if notification["id"] > last]
        found += new
        is_more = answer["next"] and len(new) == len(answer["notifications"])
        page = f"/api/notifications?limit=100&before={answer['next']}" if is_more else None
    return found[::-1]


def sentence(notification):
    """What it says. A kind that a later release may add is shown by its actor alone."""
    actor = (notification["actor"] or {}).get("username", "Somebody")
    if notification["kind"] == "follow":
        return f"{actor} follows you"
    if notification["kind"] == "post":
        return f"{actor}: {notification['post']['text']}"
    return f"{actor}: something new"


def main():
    # The stamp first, and what there is second: whatever comes in between is then heard of at the next question.
    answer = ask("/api/stream")
    newest = json.load(ask("/api/notifications?limit=1"))["notifications"]
    last = newest[0]["id"] if newest else 0
    print("Listening.", flush=True)
    while True:
        etag = answer.headers["ETag"]
        time.sleep(int(answer.headers["X-Poll-Interval"]))
        answer = ask("/api/stream", etag)
        if answer.status == 304:
            continue
        for notification in newer_than(last):
            print(sentence(notification), flush=True)
            last = notification["id"]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
