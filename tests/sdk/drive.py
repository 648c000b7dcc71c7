"""Runs every driver against the office whose folder is in FOLDER; fails if one of them does."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
base = int(os.environ["PORT_BASE"])
secrets = json.loads((pathlib.Path(os.environ["FOLDER"]) / "secrets.json").read_text())
environment = dict(
    os.environ,
    SANDBOX_URL=f"http://localhost:{base + 10}",
    CALLBACK_URL=f"http://localhost:{base + 1}/wechat/qinglan-wechat",
    WECHAT_APP_ID=secrets["wechat"]["app_id"],
    WECHAT_APP_SECRET=secrets["wechat"]["app_secret"],
    WECHAT_ORIGINAL_ID=secrets["wechat"]["original_id"],
    WECHAT_TOKEN=secrets["wechat"]["token"],
    WECHAT_AES_KEY=secrets["wechat"]["encoding_aes_key"],
    WEIBO_APP_KEY=secrets["weibo"]["app_key"],
    WEIBO_APP_SECRET=secrets["weibo"]["app_secret"],
    WEIBO_ACCESS_TOKEN=secrets["weibo"]["access_token"],
    WEIBO_UID=str(secrets["weibo"]["uid"]),
    WEIBO_LINK=f"http://localhost:{base + 2}/c/1",
)
failed = 0
for driver in ("drive_ingest.py", "drive_wechat.py", "drive_weibo.py"):
    print(f"-- {driver}", flush=True)
    failed += subprocess.run([sys.executable, HERE / driver], env=environment, cwd=HERE).returncode != 0
sys.exit(1 if failed else 0)
