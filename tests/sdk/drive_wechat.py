"""Drives the sandbox's WeChat with wechatpy, client and crypto, as a second reading of the platform.

SANDBOX_URL says where it is; the other variables are the account that it was configured with.
It resets the sandbox's quotas and moves its callback address for the time of the run.
"""

import io
import os
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import requests
from wechatpy import WeChatClient, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException, WeChatClientException
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from checks import PIXEL, Checks, Sandbox, eventually

BASE = os.environ["SANDBOX_URL"].rstrip("/")
APP_ID = os.environ.get("WECHAT_APP_ID", "wx1234567890abcdef")
APP_SECRET = os.environ.get("WECHAT_APP_SECRET", "secret")
TOKEN = os.environ.get("WECHAT_TOKEN", "RumorGuardToken2026")
AES_KEY = os.environ.get("WECHAT_AES_KEY", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")

REAL = "https://api.weixin.qq.com"
ANSWER = "收到，值班人员会核实。🙏"

checks = Checks()
sandbox = Sandbox(BASE)
crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID)


class SandboxClient(WeChatClient):
    """wechatpy writes the platform's address into several calls; this one redirects them all."""

    API_BASE_URL = f"{BASE}/cgi-bin/"

    def _request(self, method, url_or_endpoint, **kwargs):
        return super()._request(method, url_or_endpoint.replace(REAL, BASE), **kwargs)

    def _fetch_access_token(self, url, params):
        return super()._fetch_access_token(url.replace(REAL, BASE), params)


class AccountServer(BaseHTTPRequestHandler):
    """The account's server: checks and opens with wechatpy, answers sealed by wechatpy."""

    messages = []
    problems = []
    spoil_signature = False

    def do_GET(self):
        query = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
        try:
            check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
            self.answer(query["echostr"])
        except InvalidSignatureException:
            self.problems.append("the GET was signed wrongly")
            self.answer("no")

    def do_POST(self):
        query = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
            plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        except InvalidSignatureException:
            self.problems.append("a POST was signed wrongly")
            return self.answer("no")
        message = parse_message(plain)
        self.messages.append((message, query))
        if message.type != "text":
            return self.answer("success")
        sealed = crypto.encrypt_message(create_reply(ANSWER, message).render(), query["nonce"])
        if self.spoil_signature:
            sealed = sealed.replace("<MsgSignature><![CDATA[", "<MsgSignature><![CDATA[0")
        self.answer(sealed)

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The checks say enough."""


def refused(sentence, code, call):
    try:
        checks.that(sentence, False, f"answered {call()!r}")
    except WeChatClientException as error:
        checks.equal(sentence, error.errcode, code)


def picture():
    file = io.BytesIO(PIXEL)
    file.name = "cover.png"
    return file


def drive_drafts(client):
    checks.that("a token is given", len(client.access_token) > 100, client.access_token)
    client.session.set(client.access_token_key, "a token that never was")
    checks.that("40001 makes wechatpy fetch another", "tags" in client.get("tags/get"))
    cover = client.material.add("image", picture())
    checks.that("a cover is stored", "media_id" in cover and cover["url"].startswith(BASE), cover)
    body_picture = client.media.upload_mass_image(picture())
    checks.that("a picture for the body has an address", body_picture.startswith(BASE), body_picture)
    article = {
        "title": "青岚县没有地震预报",
        "author": "青岚发布",
        "digest": "县应急管理局核实：未收到、也未发布地震预报。",
        "content": f'<p>【结论】不实。</p><p><img src="{body_picture}"></p>',
        "thumb_media_id": cover["media_id"],
        "need_open_comment": 0,
    }
    draft = client.post("draft/add", data={"articles": [article]})["media_id"]
    read = client.post("draft/get", data={"media_id": draft})["news_item"][0]
    checks.equal("a draft keeps its title", read["title"], article["title"])
    checks.that("and the picture in its body", body_picture in read["content"], read["content"])
    refused("45003 for a long title", 45003, lambda: client.post(
        "draft/add", data={"articles": [article | {"title": "澄" * 33}]}))
    refused("40007 for an unknown cover", 40007, lambda: client.post(
        "draft/add", data={"articles": [article | {"thumb_media_id": "unknown"}]}))
    return draft


def drive_callbacks(openid):
    checks.equal("the server proves itself", sandbox.post("verify_callback").get("verified"), True)
    written = sandbox.post("messages", openid=openid, content="明天凌晨3点有地震？😀<b>&")
    checks.equal("a reply sealed by wechatpy is shown", written["reply"], ANSWER)
    message, query = AccountServer.messages[-1]
    checks.equal("wechatpy reads the message", message.content, "明天凌晨3点有地震？😀<b>&")
    checks.equal("from the citizen", (message.source, query["openid"]), (openid, openid))
    checks.equal("with its id", str(message.id), written["msg_id"])
    AccountServer.spoil_signature = True
    spoilt = sandbox.post("messages", openid=openid, content="在吗")
    AccountServer.spoil_signature = False
    checks.equal("a reply with a wrong signature is a fault", spoilt["outcome"], "fault")
    sandbox.post("messages", openid=openid, msg_type="link", media={"Title": "紧急通知", "Url": "http://x.cn/"})
    checks.equal("wechatpy reads a link", AccountServer.messages[-1][0].title, "紧急通知")


def drive_mass(client, draft):
    before = len(sandbox.log())
    key = uuid.uuid4().hex
    sent = client.message.send_mass_article(None, draft, is_to_all=True, client_msg_id=key)
    checks.that("a mass message is accepted", sent["msg_id"] > 2**31, sent)
    try:
        client.message.send_mass_article(None, draft, is_to_all=True, client_msg_id=key)
        checks.that("45065 for the same key", False)
    except WeChatClientException as error:
        checks.equal("45065 for the same key", error.errcode, 45065)
        again = error.response.json()["msg_id"]
        checks.equal("with the job's id", again, sent["msg_id"])
    status = eventually(lambda: client.message.get_mass(sent["msg_id"])["msg_status"] == "SEND_SUCCESS")
    checks.that("mass/get says SEND_SUCCESS", status)
    pushed = [entry for entry in sandbox.log(before) if entry["kind"] == "mass_push"]
    checks.equal("one push is in the log", len(pushed), 1)

    def finished():
        events = [message for message, _ in AccountServer.messages if message.type == "event"]
        return [event for event in events if event.event == "masssendjobfinish"]

    events = eventually(finished)
    checks.that("wechatpy reads the result", bool(events) and events[0].status == "send success", events)
    if events:
        checks.equal("of this job", str(events[0].id), str(sent["msg_id"]))
        page = requests.get(pushed[0]["url"], timeout=10).text
        checks.that("the article is public", "青岚县没有地震预报" in page and "【结论】不实。" in page)
    refused("40007 for the draft that was taken", 40007, lambda: client.message.send_mass_article(
        None, draft, is_to_all=True, client_msg_id=uuid.uuid4().hex))
    refused("45028 for a second push", 45028, lambda: client.message.send_mass_text(
        None, "通知", is_to_all=True, client_msg_id=uuid.uuid4().hex))
    refused("45067 for a key with dashes", 45067, lambda: client.message.send_mass_text(
        None, "通知", is_to_all=True, client_msg_id=str(uuid.uuid4())))
    refused("40059 for an unknown job", 40059, lambda: client.message.get_mass(1))
    checks.equal("an article can be taken down", client.message.delete_mass(sent["msg_id"])["errcode"], 0)


def drive_custom(client, openid):
    stranger = sandbox.post("citizens", count=1)["citizens"][0]["openid"]
    for count in range(5):
        checks.equal(f"answer {count + 1} of five", client.message.send_text(openid, "已核实：不实。")["errcode"], 0)
    refused("45047 for the sixth", 45047, lambda: client.message.send_text(openid, "第六条"))
    refused("45015 for one who never wrote", 45015, lambda: client.message.send_text(stranger, "你好"))
    refused("40003 for nobody", 40003, lambda: client.message.send_text("oNobody", "你好"))
    followers = client.user.get_followers()
    checks.that("followers are listed", openid in followers["data"]["openid"], followers["total"])
    checks.equal("a follower has no name", client.user.get(openid).get("nickname"), None)


def main():
    callback = sandbox.state()["wechat"]["callback_url"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), AccountServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sandbox.post("callback", url=f"http://127.0.0.1:{server.server_port}/wechat")
    sandbox.post("reset_quota")
    try:
        client = SandboxClient(APP_ID, APP_SECRET)
        openid = sandbox.post("citizens", count=1)["citizens"][0]["openid"]
        draft = drive_drafts(client)
        drive_callbacks(openid)
        drive_mass(client, draft)
        drive_custom(client, openid)
        checks.equal("every callback was signed rightly", AccountServer.problems, [])
    finally:
        sandbox.post("callback", url=callback)
        server.shutdown()
    checks.finish()


if __name__ == "__main__":
    main()
