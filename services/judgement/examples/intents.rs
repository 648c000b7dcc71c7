//! What the built-in rules make of a file of texts: the share of each intent, and which rules decided.
//!
//! `cargo run -p judgement --example intents -- FOLDER NAME [INTENT]` reads `NAME.jsonl` in `FOLDER`, one object
//! with a `text` a line; with an intent it also prints the texts that were given it. It measures and keeps nothing.

use std::collections::BTreeMap;
use std::path::Path;

use judgement::evaluate::rows;
use judgement::intent::Rules;
use judgement::normalise::normalise;
use judgement::profile::Profile;

#[derive(serde::Deserialize)]
struct Row {
    text: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, name, show @ ..] = arguments.as_slice() else {
        return Err("give a folder and the name of a file in it".into());
    };
    let texts: Vec<Row> = rows::read(Path::new(folder), name)?;
    let mut intents: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for Row { text } in &texts {
        let normal = normalise(text);
        let judged = Rules::get().judge(&normal, Profile::of(&normal).informative);
        let intent = format!("{:?}", judged.intent).to_lowercase();
        if show.contains(&intent) {
            println!("{} | {}", judged.reason.detail, text.replace('\n', " "));
        }
        *intents.entry(intent).or_default() += 1;
        *rules.entry(judged.reason.signal).or_default() += 1;
    }
    let all = texts.len();
    println!("{all} texts of {name}");
    for (what, count) in intents.iter().chain(&rules) {
        println!("{:>7.2} % {count:>6} {what}", 100.0 * *count as f64 / all as f64);
    }
    Ok(())
}
