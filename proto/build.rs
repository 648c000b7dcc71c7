//! Compiles the contracts with protox, so that building needs no protoc.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sources = Vec::new();
    collect(Path::new("chengqing"), &mut sources)?;
    sources.sort();
    println!("cargo::rerun-if-changed=chengqing");
    let descriptors = protox::compile(&sources, ["."])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            sources.push(path);
        }
    }
    Ok(())
}
