//! Reads the words in a picture with tesseract, a program of the distribution: a child process that gets our own
//! grey copy of the picture, has one thread and a deadline, and dies with whoever waits for it. It is told nothing of
//! what this process knows: its environment holds no secret, and its memory, its time and what it opens and writes
//! have limits of their own.
//!
//! It claims no more than it reads: the words come with the program's own confidence, and where the program or its
//! Chinese is missing, every picture says so.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::domain::report::{TEXT_CHARACTERS_MAX, clean, clip};
use crate::picture::Page;

/// Simplified Chinese, and the Latin letters and digits between.
const LANGUAGES: &str = "chi_sim+eng";

/// A page of eight million pixels takes some ten seconds of one slow core.
const READ_DEADLINE: Duration = Duration::from_secs(60);

/// Asking for its version and languages.
const ASK_DEADLINE: Duration = Duration::from_secs(10);

/// Words of which it is less sure (of 100) are strokes of a drawing taken for letters, and are left out.
const NOISE_BELOW: f64 = 10.0;

/// Bytes of its answer at most: some ten thousand words.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Where programs of the distribution are: all that its environment says, besides its threads.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What it may use at most. It writes no file, and starts no other program that could need more.
const LIMITS: [(Resource, u64); 5] = [
    // The largest page and both languages take a third of it.
    (Resource::As, 1 << 30),
    // In seconds: beyond the deadline it is alone.
    (Resource::Cpu, 90),
    (Resource::Nofile, 64),
    (Resource::Fsize, 0),
    (Resource::Core, 0),
];

/// Reads words. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TextReader {
    program: PathBuf,
    /// Its name and version, or why it cannot be used.
    found: Result<String, &'static str>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// The words, line by line; may be none.
    pub text: String,
    /// On average over characters, 0 to 1.
    pub confidence: f64,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not here, or lacks Chinese.
    #[error("{0}")]
    Missing(&'static str),
    /// It could not be started or spoken to.
    #[error("the reader could not be run")]
    Run(#[from] std::io::Error),
    /// It ended badly.
    #[error("the reader failed ({0})")]
    Failed(std::process::ExitStatus),
    /// It took too long.
    #[error("the reader took too long")]
    Deadline,
}

impl ReadError {
    /// For officers.
    #[must_use]
    pub const fn zh(&self) -> &'static str {
        match self {
            Self::Missing(reason) => reason,
            Self::Run(_) | Self::Failed(_) => "文字识别程序出错，没有读图中的文字",
            Self::Deadline => "文字识别超时，没有读图中的文字",
        }
    }
}

impl TextReader {
    /// Looks for the program once; says in the log when pictures will not be read.
    pub async fn find(program: PathBuf) -> Self {
        let found = match (ask(&program, "--version").await, ask(&program, "--list-langs").await) {
            (Some(version), Some(languages)) => {
                let knows = |language| languages.lines().any(|line| line.trim() == language);
                if LANGUAGES.split('+').all(knows) {
                    let version = version.lines().next().unwrap_or_default().trim();
                    Ok(format!("{} {LANGUAGES}", clip(version, 60)))
                } else {
                    Err("文字识别程序缺少中文（tesseract-ocr-chi-sim），没有读图中的文字")
                }
            }
            _ => Err("没有安装文字识别程序（tesseract-ocr），没有读图中的文字"),
        };
        if let Err(reason) = found {
            tracing::warn!(
                program = %program.display(),
                reason,
                "the words in pictures are not read: install tesseract-ocr and tesseract-ocr-chi-sim, then start again"
            );
        }
        Self { program, found }
    }

    /// Its name, version and languages; empty where it is missing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.found.as_deref().unwrap_or_default()
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When nothing could be read; a page without words is none.
    pub async fn read(&self, page: Page) -> Result<Words, ReadError> {
        if let Err(reason) = self.found {
            return Err(ReadError::Missing(reason));
        }
        let table = timeout(READ_DEADLINE, self.run(page)).await.map_err(|_| ReadError::Deadline)??;
        Ok(words(&table))
    }

    async fn run(&self, page: Page) -> Result<String, ReadError> {
        let mut child = bare(&self.program)
            .args(["stdin", "stdout", "-l", LANGUAGES, "tsv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // Before it gets a byte of a stranger's picture.
        limit(&child)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ReadError::Run(std::io::ErrorKind::BrokenPipe.into()));
        };
        let write = async move {
            // The simplest format that there is: a line and the pixels.
            let head = format!("P5\n{} {}\n255\n", page.width, page.height);
            input.write_all(head.as_bytes()).await?;
            input.write_all(&page.pixels).await?;
            input.shutdown().await
        };
        let mut answer = Vec::new();
        let mut limited = output.take(ANSWER_BYTES_MAX);
        let (written, read) = tokio::join!(write, limited.read_to_end(&mut answer));
        read?;
        // What is beyond the limit is not wanted; the program is told so by a closed pipe.
        drop(limited);
        let status = child.wait().await?;
        if !status.success() && answer.len() as u64 != ANSWER_BYTES_MAX {
            return Err(ReadError::Failed(status));
        }
        written?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The program without anything of ours.
fn bare(program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", PATH).env("OMP_THREAD_LIMIT", "1").current_dir("/").kill_on_drop(true);
    command
}

fn limit(child: &Child) -> std::io::Result<()> {
    let Some(id) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
        // It has ended already; its status says how.
        return Ok(());
    };
    for (resource, most) in LIMITS {
        prlimit(Some(id), resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// What the program answers to a question about itself; `None` where it is not there or does not end well.
async fn ask(program: &PathBuf, question: &str) -> Option<String> {
    let asked = bare(program).arg(question).stdin(Stdio::null()).output();
    let output = timeout(ASK_DEADLINE, asked).await.ok()?.ok()?;
    // Older versions answer on the other channel.
    let answer = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&answer).into_owned())
}

/// The words of its table, one row per word: level, page, block, paragraph, line, word, left, top, width, height,
/// confidence (0 to 100, -1 for what is no word), text.
fn words(table: &str) -> Words {
    let mut text = String::new();
    let mut line_before = None;
    let (mut sum, mut characters) = (0.0, 0.0);
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.splitn(12, '\t').collect();
        let [_, page, block, paragraph, line, _, _, _, _, _, confidence, word] = fields.as_slice() else {
            continue;
        };
        let read = confidence.parse::<f64>().ok().filter(|confidence| *confidence >= NOISE_BELOW);
        let Some(confidence) = read else { continue };
        let word = clean(word);
        let word = word.trim();
        if word.is_empty() {
            continue;
        }
        let line = [*page, *block, *paragraph, *line];
        if line_before.is_some_and(|before| before != line) {
            text.push('\n');
        } else if let (Some(before), Some(next)) = (text.chars().last(), word.chars().next())
            && before.is_ascii()
            && next.is_ascii()
        {
            text.push(' ');
        }
        line_before = Some(line);
        text.push_str(word);
        let length = word.chars().count() as f64;
        sum += confidence.min(100.0) / 100.0 * length;
        characters += length;
    }
    let confidence = if characters > 0.0 { sum / characters } else { 0.0 };
    Words { text: clip(&text, TEXT_CHARACTERS_MAX).to_owned(), confidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";

    #[test]
    fn chinese_words_stand_together_latin_ones_apart_and_lines_below_each_other() {
        let table = format!(
            "{HEAD}1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n\
             5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90.0\t青岚\n5\t1\t1\t1\t1\t2\t0\t0\t9\t9\t80\t县\n\
             5\t1\t1\t1\t2\t1\t0\t0\t9\t9\t96\tOK\n5\t1\t1\t1\t2\t2\t0\t0\t9\t9\t96\t2026\n"
        );
        let words = words(&table);
        assert_eq!(words.text, "青岚县\nOK 2026");
        assert!((words.confidence - (0.9 * 2.0 + 0.8 + 0.96 * 6.0) / 9.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_hardly_read_at_all_is_left_out_and_does_not_count() {
        let table = format!(
            "{HEAD}5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t3.07\tARLE\n5\t1\t1\t1\t2\t1\t0\t0\t9\t9\t90\t地震\n"
        );
        assert_eq!(words(&table), Words { text: "地震".into(), confidence: 0.9 });
    }

    #[test]
    fn a_table_without_words_or_without_sense_reads_as_nothing() {
        for table in
            ["", HEAD, "no table\nat all\t\t", &format!("{HEAD}5\t1\t1\t1\t1\t1\t0\t0\t9\t9\tx\t字\n")]
        {
            assert_eq!(words(table), Words::default());
        }
    }

    /// A reader that reads, in any picture, its own environment and its own limits.
    #[tokio::test]
    async fn the_program_inherits_nothing_and_has_limits_of_its_own() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tesseract");
        let script = r#"#!/bin/sh
            case "$1" in
                --version) echo 'tesseract 5' ;;
                --list-langs) printf 'chi_sim\neng\n' ;;
                *)
                    cat >/dev/null
                    told="$(env | sort | tr '\n' ' ')memory=$(ulimit -v) files=$(ulimit -n) writes=$(ulimit -f) cpu=$(ulimit -t)"
                    printf 'head\n5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90\t%s\n' "$told"
                    ;;
            esac"#;
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let reader = TextReader::find(program).await;
        let told = reader.read(Page { width: 1, height: 1, pixels: vec![0] }).await.unwrap().text;

        assert!(std::env::vars_os().count() > 5, "there is something to inherit");
        // The shell of the script sets the last four by itself.
        let known = ["PATH", "OMP_THREAD_LIMIT", "PWD", "OLDPWD", "SHLVL", "_"];
        let limits = ["memory=1048576", "files=64", "writes=0", "cpu=90"];
        for part in told.split_whitespace() {
            let name = part.split('=').next().unwrap();
            assert!(known.contains(&name) || limits.contains(&part), "{part} in {told}");
        }
        assert!(limits.iter().all(|limit| told.contains(limit)), "{told}");
    }

    #[tokio::test]
    async fn without_the_program_every_page_says_so() {
        let reader = TextReader::find("/nowhere/tesseract".into()).await;
        let page = Page { width: 1, height: 1, pixels: vec![0] };
        assert!(matches!(reader.read(page).await, Err(ReadError::Missing(_))));
        assert_eq!(reader.name(), "");
    }
}
