//! The demo story, as a newcomer plays it: the command itself, on ports of its own.

use std::process::Stdio;

use tokio::process::Command;

use crate::office::program;

#[tokio::test]
async fn the_demo_story_plays_to_its_end() {
    let folder = tempfile::Builder::new()
        .prefix("chengqing-story-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir_in("/var/tmp")
        .unwrap();
    let output = Command::new(program("chengqing"))
        .args(["up", "--demo", "--exit", "--port-base", "17080", "--data"])
        .arg(folder.path())
        .env("CHENGQING_NATS_SERVER", testkit::nats_program().await)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (told, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    for step in 1..=10 {
        assert!(told.contains(&format!("] {step:>2}. ")), "step {step} was not told:\n{told}");
    }
}
