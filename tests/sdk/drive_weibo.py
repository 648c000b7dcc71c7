"""Drives the sandbox's Weibo with PyPI's `weibo`, as a second reading of the platform.

SANDBOX_URL says where it is; the other variables are the account that it was configured with.
WEIBO_LINK must lie on one of the application's safe domains. Quotas are reset for the run.
"""

import io
import os
import uuid

import requests
import weibo

from checks import PIXEL, Checks, Sandbox

BASE = os.environ["SANDBOX_URL"].rstrip("/")
APP_KEY = os.environ.get("WEIBO_APP_KEY", "1352222456")
APP_SECRET = os.environ.get("WEIBO_APP_SECRET", "weibo-secret")
ACCESS_TOKEN = os.environ.get("WEIBO_ACCESS_TOKEN", "2.00demo")
UID = os.environ.get("WEIBO_UID", "1902538057")
LINK = os.environ.get("WEIBO_LINK", "http://qinglan.example.cn/c/1")
REDIRECT = "http://localhost/back"

checks = Checks()
sandbox = Sandbox(BASE)


def client_of(token=None):
    """A client whose every address is the sandbox's."""
    client = weibo.Client(APP_KEY, APP_SECRET, REDIRECT, token=token)
    client.site = f"{BASE}/"
    client.authorization_url = f"{BASE}/oauth2/authorize"
    client.token_url = f"{BASE}/oauth2/access_token"
    client.api_url = f"{BASE}/2/"
    return client


def refused(sentence, code, call):
    try:
        checks.that(sentence, False, f"answered {call()!r}")
    except RuntimeError as error:
        checks.equal(sentence, str(error).split()[0], str(code))


def drive_posts(client):
    words = f"【青岚县没有地震预报】不实。{uuid.uuid4().hex[:8]}"
    before = len(sandbox.log())
    shared = client.post("statuses/share", status=f"{words} {LINK}", rip="211.156.0.1")
    checks.equal("a post is taken", str(shared["id"]), shared["idstr"])
    checks.that("its link is shortened", "http://t.cn/" in shared["text"] and LINK not in shared["text"], shared["text"])
    checks.that("its words are the same", shared["text"].startswith(words), shared["text"])
    newest = client.get("statuses/user_timeline", uid=UID)["statuses"][0]
    checks.equal("it is the newest in the timeline", newest["idstr"], shared["idstr"])
    checks.equal("where the long link is found", newest["url_objects"][0]["url_long"], LINK)
    logged = [entry for entry in sandbox.log(before) if entry["kind"] == "weibo_post"]
    checks.equal("one post is in the log", [entry["platform_id"] for entry in logged], [shared["idstr"]])
    refused("20019 for the same words", 20019, lambda: client.post(
        "statuses/share", status=f"{words} {LINK}", rip="211.156.0.1"))
    refused("10017 without a link", 10017, lambda: client.post("statuses/share", status=words, rip="211.156.0.1"))
    refused("20012 for a long text", 20012, lambda: client.post(
        "statuses/share", status=f"{'长' * 140} {LINK}", rip="211.156.0.1"))
    with_picture = client.post(
        "statuses/share", status=f"{words}配图 {LINK}", rip="211.156.0.1", pic=io.BytesIO(PIXEL))
    checks.equal("a picture can come along", with_picture["pic_num"], 1)
    for count in range(5):
        client.post("statuses/share", status=f"{words}{count} {LINK}", rip="211.156.0.1")
    shown = client.get("statuses/user_timeline", uid=UID, count=100)["statuses"]
    checks.equal("five are shown, whatever was asked for", len(shown), 5)
    destroyed = client.post("statuses/destroy", id=shared["idstr"])
    checks.equal("a post can be destroyed", destroyed["idstr"], shared["idstr"])
    refused("20101 for one that is gone", 20101, lambda: client.get("statuses/show", id=shared["idstr"]))


def drive_tokens():
    client = client_of()
    query = {"client_id": APP_KEY, "redirect_uri": REDIRECT, "response_type": "code", "state": "x"}
    back = requests.get(client.authorization_url, params=query, allow_redirects=False, timeout=10)
    code = back.headers["location"].split("code=")[1].split("&")[0]
    client.set_code(code)
    checks.that("a code becomes a token", client.alive and client.uid == UID, client.token)
    checks.equal("which works", str(client.get("account/get_uid")["uid"]), UID)
    refused("21325 for a code used twice", 21325, lambda: client_of().set_code(code))
    info = requests.post(f"{BASE}/oauth2/get_token_info", data={"access_token": client.access_token}, timeout=10).json()
    checks.equal("it tells whose it is", (str(info["uid"]), str(info["appkey"])), (UID, APP_KEY))
    refused("10006 for an unknown token", 10006, lambda: client_of(
        {"uid": UID, "access_token": "2.00never", "expires_at": 0}).get("account/get_uid"))


def main():
    sandbox.post("reset_quota")
    client = client_of({"uid": UID, "access_token": ACCESS_TOKEN, "expires_at": 0})
    drive_posts(client)
    drive_tokens()
    limits = client.get("account/rate_limit_status")
    checks.that("calls are counted", 0 < limits["remaining_user_hits"] < limits["user_limit"], limits)
    checks.finish()


if __name__ == "__main__":
    main()
