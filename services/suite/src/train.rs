//! `chengqing train` and `chengqing model`: an agency's models, trained on what its office decided, listed, taken
//! back, and held against what they promised.

use std::path::PathBuf;

use anyhow::bail;
use classification::train::{self, Figures, Kind, State, Version};
use database::DatabaseConfig;
use ids::AgencyId;
use judgement::evaluate::likelihood;
use judgement::learn::likelihood::Source;
use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;

/// Which models.
#[derive(clap::Args)]
pub struct Of {
    /// likelihood, a hint for order; topics, which departments a claim belongs to; or intent, what a message is
    /// that no rule knows.
    kind: Which,
    /// The agency's id.
    #[arg(long)]
    agency: AgencyId,
    /// Classification's database: postgres://role:password@host/database
    #[arg(long, env = "CHENGQING_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Which {
    Likelihood,
    Topics,
    Intent,
}

impl Of {
    fn kind(&self) -> Kind {
        match self.kind {
            Which::Likelihood => Kind::Likelihood,
            Which::Topics => Kind::Topics,
            Which::Intent => Kind::Intent,
        }
    }

    fn connect(&self) -> anyhow::Result<PgPool> {
        let url = SecretString::from(self.database_url.clone());
        database::connect(&DatabaseConfig { url, connections_max: 1 })
    }
}

/// What `train` is told.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    of: Of,
    /// For likelihood: a folder of labelled texts to learn from beside the office's own decisions. See that their
    /// terms of use allow it.
    #[arg(long)]
    labelled: Option<PathBuf>,
}

/// What can be done with models.
#[derive(clap::Subcommand)]
pub enum ModelCommand {
    /// List the versions, newest first.
    List(Of),
    /// Take the active version back and put the one before it in its place.
    RollBack(Of),
    /// Show how well the active hint for order kept its promises on decisions that it had not seen.
    Reliability(Of),
}

/// Trains a model and says whether it took over.
///
/// # Errors
/// When there is too little to learn from, or the database is away.
pub async fn run(arguments: &Arguments, now: OffsetDateTime) -> anyhow::Result<()> {
    let of = &arguments.of;
    let posts = match (&arguments.labelled, of.kind()) {
        (None, _) => Vec::new(),
        (Some(folder), Kind::Likelihood) => likelihood::posts(folder)?,
        (Some(_), Kind::Topics) => {
            bail!("topics learns from re-routed claims alone: leave --labelled out")
        }
        (Some(_), Kind::Intent) => {
            bail!("intent learns from what the office said of its messages alone: leave --labelled out")
        }
    };
    let lent: Vec<_> = posts.iter().map(|post| post.labelled(Source::Lent)).collect();
    let version = train::train(&of.connect()?, of.agency, of.kind(), &lent, now).await?;
    println!("{}", line(&version));
    if version.state == State::Refused {
        println!(
            "not better measured than what is in use: nothing changes; `chengqing model list` shows both"
        );
    }
    Ok(())
}

/// Lists, takes back, or shows reliability.
///
/// # Errors
/// When no model is active where one must be, or the database is away.
pub async fn model(command: &ModelCommand) -> anyhow::Result<()> {
    match command {
        ModelCommand::List(of) => {
            for version in train::versions(&of.connect()?, of.agency, of.kind()).await? {
                println!("{}", line(&version));
            }
        }
        ModelCommand::RollBack(of) => match train::roll_back(&of.connect()?, of.agency, of.kind()).await? {
            Some(version) => println!("version {version} is active again"),
            None => println!("no version was active before: no model is asked any more"),
        },
        ModelCommand::Reliability(of) => {
            let versions = train::versions(&of.connect()?, of.agency, of.kind()).await?;
            let Some(active) = versions.iter().find(|version| version.state == State::Active) else {
                bail!("no model of this kind is active: `chengqing train` trains one");
            };
            println!("{}", line(active));
            print!("{}", plot(&active.figures));
        }
    }
    Ok(())
}

fn line(version: &Version) -> String {
    let figure = |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.3}"));
    format!(
        "version {}  {}  {}  decisions {}  others {}  held out {}  figure {}  before {}",
        version.version,
        version.state.name(),
        version.trained_time,
        version.own_count,
        version.other_count,
        version.figures.held,
        figure(version.figures.new),
        figure(version.figures.before),
    )
}

/// Predicted and observed shares as two bars a tenth.
fn plot(figures: &Figures) -> String {
    if figures.reliability.is_empty() {
        return "too few decisions were held out to tell\n".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 40 characters")]
    let bar = |share: f64| "#".repeat((share.clamp(0.0, 1.0) * 40.0).round() as usize);
    let tenths = figures.reliability.iter().map(|bin| {
        format!(
            "{:>6} rows  predicted {:.2} {}\n             observed  {:.2} {}\n",
            bin.rows,
            bin.predicted,
            bar(bin.predicted),
            bin.observed,
            bar(bin.observed),
        )
    });
    tenths.collect()
}

#[cfg(test)]
mod tests {
    use judgement::learn::metrics::Bin;

    use super::*;

    #[test]
    fn the_plot_sets_promises_beside_what_came_of_them() {
        let mut figures =
            Figures { held: 0, new: None, before: None, calibration_error: None, reliability: Vec::new() };
        assert_eq!(plot(&figures), "too few decisions were held out to tell\n");
        figures.reliability = vec![Bin { rows: 12, predicted: 0.25, observed: 0.5 }];
        let plotted = plot(&figures);
        let lines: Vec<&str> = plotted.lines().collect();
        assert_eq!(lines[0], "    12 rows  predicted 0.25 ##########");
        assert_eq!(lines[1], "             observed  0.50 ####################");
    }
}
