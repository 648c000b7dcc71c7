//! The sandbox as a process, killed without warning.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::stage::client;

struct Process {
    child: Child,
    base: String,
    /// Held so that the process can go on writing.
    _log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    async fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .arg("--config")
            .arg(config)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        loop {
            let line = log.next_line().await.unwrap().expect("the sandbox should start");
            if let Some((_, base)) = line.split_once("listens on ") {
                return Self { child, base: base.trim().to_owned(), _log: log };
            }
        }
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_remembers_everything_that_it_answered() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sandbox.toml");
    let settings = json!({ "sandbox": {
        "listen": "127.0.0.1:0",
        "state_dir": folder.path().join("state"),
        "wechat": {
            "app_id": "wx1234567890abcdef",
            "app_secret": "secret",
            "original_id": "gh_7f083739789a",
            "callback_url": "http://127.0.0.1:1/",
            "token": "RumorGuardToken2026",
            "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "display_name": "青岚发布（演示）",
        },
        "weibo": {
            "app_key": "1352222456",
            "app_secret": "weibo-secret",
            "access_token": "2.00demo",
            "uid": 1_902_538_057,
            "screen_name": "青岚发布",
            "safe_domains": ["qinglan.example.cn"],
        },
    }});
    std::fs::write(&config, toml::to_string(&settings).unwrap()).unwrap();
    let client = client();
    for round in 1..=3 {
        let process = Process::start(&config).await;
        for _ in 0..20 {
            let path = format!("{}/_control/citizens", process.base);
            client.post(path).json(&json!({ "count": 1 })).send().await.unwrap().error_for_status().unwrap();
        }
        process.kill().await;
        let again = Process::start(&config).await;
        let state = client.get(format!("{}/_control/state", again.base)).send().await.unwrap();
        let state: Value = state.json().await.unwrap();
        assert_eq!(state["wechat"]["citizens"], 20 * round);
        again.kill().await;
    }
}
