//! `chengqing eval`: measures judgements against a folder of labelled texts, and masking against the corpus that the
//! program carries, with the code that works in service.

mod masking;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use judgement::evaluate::rows::RowsError;
use judgement::evaluate::{
    Evaluation, Figure, Floor, clustering, help, judges, likelihood, matching, topics,
};

/// What is measured.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Task {
    /// Whether reports find what is already known, and how surely.
    Matching,
    /// Whether reports of one thing gather, and only they.
    Clustering,
    /// How well rumors are told from other posts; a hint for order.
    Likelihood,
    /// Whether the right department is suggested.
    Topics,
    /// Whether calls for help are heard, and what else rings an alarm.
    Help,
    /// Whether what points at a person is masked, and nothing else. Reads no folder.
    Masking,
    /// Fits the judges of matching and joining anew on the folder, and prints their file.
    Judges,
}

impl Task {
    /// What was measured; nothing where the task only fits.
    fn measure(self, data: Option<&Path>, train: Option<&Path>) -> anyhow::Result<Option<Evaluation>> {
        if matches!(self, Self::Masking) {
            return Ok(Some(masking::evaluation()));
        }
        let data = data.context("name the folder of labelled texts with --data")?;
        Ok(self.measure_folder(data, train)?)
    }

    fn measure_folder(self, data: &Path, train: Option<&Path>) -> Result<Option<Evaluation>, RowsError> {
        match self {
            Self::Matching => matching::measure(data, train).map(Some),
            Self::Clustering => clustering::measure(data, train).map(Some),
            Self::Likelihood => likelihood::measure(data, train).map(Some),
            Self::Topics => topics::measure(data, train).map(Some),
            Self::Help => help::measure(data).map(Some),
            Self::Judges | Self::Masking => Ok(None),
        }
    }
}

/// How to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// What.
    task: Task,
    /// The folder of labelled texts to judge; masking needs none.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Another folder of the same form to learn from first; never the one that is judged.
    #[arg(long)]
    train: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Measures and prints the figures.
///
/// # Errors
/// When the folders cannot be read, or a figure is on the wrong side of its floor.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let data = arguments.data.as_deref();
    let Some(evaluation) = arguments.task.measure(data, arguments.train.as_deref())? else {
        let data = data.context("name the folder of labelled texts with --data")?;
        print!("{}", judges::file_of(&judges::fitted(data)?));
        return Ok(());
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&evaluation)?);
    } else {
        print!("{}", table(&evaluation));
    }
    let failing: Vec<&str> = evaluation
        .figures
        .iter()
        .filter(|figure| figure.fails())
        .map(|figure| figure.name.as_str())
        .collect();
    if !failing.is_empty() {
        bail!("{} does not hold its floor in: {}", evaluation.task, failing.join(", "));
    }
    Ok(())
}

/// The figures as aligned lines, then the notes.
fn table(evaluation: &Evaluation) -> String {
    let names = evaluation.figures.iter().map(|figure| figure.name.chars().count());
    let width = names.max().unwrap_or(0).max("figure".len());
    let mut lines =
        vec![format!("{:width$}  {:>6}  {:^15}  {:>7}", "figure", "value", "95 % interval", "floor")];
    lines.extend(evaluation.figures.iter().map(|figure| line(figure, width)));
    lines.push(String::new());
    lines.extend(evaluation.notes.iter().cloned());
    lines.push(String::new());
    lines.join("\n")
}

fn line(figure: &Figure, width: usize) -> String {
    let measured = figure.interval;
    let (floor, held) = match figure.floor {
        None => (String::new(), ""),
        Some(Floor::AtLeast(floor)) => (format!("≥ {floor:.3}"), if figure.fails() { "FAILS" } else { "ok" }),
        Some(Floor::AtMost(floor)) => (format!("≤ {floor:.3}"), if figure.fails() { "FAILS" } else { "ok" }),
    };
    let line = format!(
        "{:width$}  {:>6.3}  {:.3} … {:.3}  {floor:>7}  {held}",
        figure.name, measured.value, measured.low, measured.high
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use judgement::evaluate::interval::Interval;

    use super::*;

    #[test]
    fn a_table_says_which_figures_hold_their_floors() {
        let interval = Interval { value: 0.9, low: 0.85, high: 0.95 };
        let evaluation = Evaluation {
            task: "demo",
            figures: vec![
                Figure::at_least("one", interval, 0.8),
                Figure::at_most("another", interval, 0.8),
                Figure::shown("a third", interval),
            ],
            notes: vec!["said beside".into()],
        };
        let table = table(&evaluation);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "one       0.900  0.850 … 0.950  ≥ 0.800  ok");
        assert_eq!(lines[2], "another   0.900  0.850 … 0.950  ≤ 0.800  FAILS");
        assert_eq!(lines[3], "a third   0.900  0.850 … 0.950");
        assert_eq!(lines[5], "said beside");
    }
}
