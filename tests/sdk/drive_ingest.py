"""wechatpy's crypto drives ingest's callback: what it encrypts is understood, what ingest answers it can read."""

import os
import time
import uuid

import requests
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from checks import Checks

URL = os.environ["CALLBACK_URL"]
APP_ID, TOKEN = os.environ["WECHAT_APP_ID"], os.environ["WECHAT_TOKEN"]
crypto = WeChatCrypto(TOKEN, os.environ["WECHAT_AES_KEY"], APP_ID)
checks = Checks()
CITIZEN = "oSdkCitizen" + uuid.uuid4().hex[:17]


def signature(*parts):
    signer = WeChatSigner()
    signer.add_data(TOKEN, *parts)
    return signer.signature


def push(content, message_id, spoil=False):
    timestamp, nonce = str(int(time.time())), uuid.uuid4().hex[:10]
    xml = f"""<xml><ToUserName><![CDATA[{os.environ["WECHAT_ORIGINAL_ID"]}]]></ToUserName>
<FromUserName><![CDATA[{CITIZEN}]]></FromUserName><CreateTime>{message_id // 1000}</CreateTime>
<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content><MsgId>{message_id}</MsgId></xml>"""
    sealed = crypto.encrypt_message(xml, nonce, timestamp)
    encrypted = sealed.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    query = {
        "signature": signature(timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": CITIZEN,
        "encrypt_type": "aes",
        "msg_signature": signature(timestamp, nonce, encrypted)[: -1 if spoil else None] + ("x" if spoil else ""),
    }
    return requests.post(URL, params=query, data=sealed.encode(), timeout=5)


def read(answer):
    def element(name):
        inside = answer.text.split(f"<{name}>")[1].split(f"</{name}>")[0]
        return inside.replace("<![CDATA[", "").replace("]]>", "")

    return crypto.decrypt_message(
        answer.text, element("MsgSignature"), element("TimeStamp"), element("Nonce")
    )


timestamp, nonce = str(int(time.time())), "echo"
query = {"signature": signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "echostr": "5927782489"}
checks.that("the URL check is answered with echostr", requests.get(URL, params=query, timeout=5).text == "5927782489")

message_id = int(time.time() * 1000)
first = read(push("听说城北大桥下个月要整体拆除重建，是真的吗", message_id))
checks.that("a report is answered with the receipt", "收到，回执号" in first)
checks.that("the answer goes to the citizen", CITIZEN in first)
again = read(push("听说城北大桥下个月要整体拆除重建，是真的吗", message_id))
code = first.split("回执号")[1].split("。")[0]
checks.that("a redelivery replays the same receipt", code in again)
spoiled = push("听说城北大桥下个月要整体拆除重建，是真的吗", message_id + 1, spoil=True)
checks.that("a wrong signature is refused", spoiled.status_code == 403)
checks.finish()
