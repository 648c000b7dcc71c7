//! The dependency picture of the README, held against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const SERVICES: [&str; 6] = ["ingest", "classification", "approval", "publish", "console", "sandbox"];
const COMPOSITION: [&str; 2] = ["suite", "system-tests"];

#[test]
fn crates_depend_on_each_other_only_downwards() {
    let graph = workspace_dependencies();
    for (from, dependencies) in &graph {
        for to in dependencies {
            assert!(may_use(from, to), "{from} must not depend on {to}");
        }
    }
    // A picture that lists crates which are gone would hold for ever.
    for name in SERVICES.iter().chain(&COMPOSITION).chain(&["messaging", "grpc", "runtime", "telemetry"]) {
        assert!(graph.contains_key(*name), "{name} is not in the workspace");
    }
}

/// Where a process dies and what time it is can be said from outside in tests only: what a container runs is built
/// without both (`deploy/Dockerfile`).
#[test]
fn what_a_container_runs_cannot_be_told_the_time_or_where_to_die() {
    let features = |package: &str| {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p} [{f}]",
            ])
            .args(["--locked", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).unwrap();
        tree.lines().find(|line| line.starts_with("runtime v")).unwrap().to_owned()
    };
    let of_container = features("suite");
    assert!(of_container.contains("[]"), "{of_container}");
    // The same question has another answer for the tests.
    let of_tests = features("system-tests");
    assert!(of_tests.contains("crash-points") && of_tests.contains("steered-clock"), "{of_tests}");
    let dockerfile = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/Dockerfile");
    let built = std::fs::read_to_string(dockerfile).unwrap();
    assert!(built.contains("cargo build --release --locked --package suite --bin chengqing\n"));
    assert!(!built.contains("--features"));
}

fn may_use(from: &str, to: &str) -> bool {
    match (from, to) {
        (from, _) if COMPOSITION.contains(&from) => true,
        // Only composition uses a service; no service uses another.
        (_, to) if SERVICES.contains(&to) || COMPOSITION.contains(&to) => false,
        // How messages are judged is classification's business alone.
        ("classification", "judgement") => true,
        (_, "judgement") => false,
        ("judgement", to) => ["ids", "lookalike", "masking"].contains(&to),
        ("sandbox", to) => to == "runtime",
        ("console", to) => {
            ["contracts", "grpc", "ids", "listener", "reportfile", "runtime", "telemetry"].contains(&to)
        }
        // What a file's rows are for ingest.
        ("reportfile", to) => to == "contracts",
        (from, _) if SERVICES.contains(&from) => true,
        // Platform and connectors: towards the ground.
        ("messaging", to) => ["database", "ids", "runtime", "telemetry"].contains(&to),
        ("grpc", to) => ["ids", "runtime", "telemetry"].contains(&to),
        ("masking", to) => to == "lookalike",
        ("database" | "signoff", to) => to == "ids",
        ("testkit", to) => ["backing", "database", "ids", "messaging", "runtime"].contains(&to),
        _ => false,
    }
}

/// Who depends on whom within the workspace, at run time: tests of a crate may use more.
fn workspace_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let within = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap())
                .filter(|name| names.contains(name))
                .map(str::to_owned)
                .collect();
            (package["name"].as_str().unwrap().to_owned(), within)
        })
        .collect()
}
