//! How long one thread takes to match a text with what is known: its text taken apart, candidates found, compared
//! and weighed. Beside it, in one run: a plain inverted index without re-ranking, a scan, and (feature `tantivy`)
//! tantivy's BM25.
//!
//! `cargo bench -p judgement --features tantivy`; the README says what came out. A table of means and percentiles
//! and a plot of how time grows with what is known are printed, and criterion watches each by itself.
//! `CHENGQING_BENCH_TEXTS` names a folder of `.jsonl` files whose texts are taken in place of made-up ones;
//! `CHENGQING_BENCH_LARGEST` ends the sizes earlier.

mod ours;
mod plain;
mod scan;
#[cfg(feature = "tantivy")]
mod tantivy_bm25;
mod texts;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion};

use ours::Ours;
use texts::{Asked, Texts};

/// How many claims are known, in turn.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// A scan of more than these is no alternative to anybody.
const SCANNED_MAX: usize = 100_000;
/// Texts asked about for the table; percentiles need many.
const ASKED: usize = 4_000;
/// A scan takes so long that fewer must do.
const ASKED_OF_SCAN: usize = 100;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .measurement_time(Duration::from_secs(4))
        .plotting_backend(criterion::PlottingBackend::Plotters);
    #[expect(clippy::disallowed_methods, reason = "a benchmark has no other configuration")]
    let largest = std::env::var("CHENGQING_BENCH_LARGEST").ok().and_then(|largest| largest.parse().ok());
    let sizes: Vec<usize> = SIZES.into_iter().filter(|&size| size <= largest.unwrap_or(usize::MAX)).collect();
    let texts = Texts::read();
    println!("{}", texts.origin());
    let asked = texts.asked(ASKED);

    println!(
        "| what | claims | mean ms | p50 | p99 | largest | found |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    let mut means = Means::default();
    for &size in &sizes {
        let known = texts.known(size);
        let ours = Ours::of(&known);
        means.add("Chengqing", row("Chengqing", size, &asked, |text| ours.best(text)));
        growth(&mut criterion, "Chengqing", size, &asked, |text| ours.best(text));
        let plain = plain::Plain::of(&known);
        means.add("plain inverted index", row("plain inverted index", size, &asked, |text| plain.best(text)));
        growth(&mut criterion, "plain inverted index", size, &asked, |text| plain.best(text));
        drop(plain);
        #[cfg(feature = "tantivy")]
        {
            let tantivy = tantivy_bm25::Tantivy::of(&known);
            means.add("tantivy BM25", row("tantivy BM25", size, &asked, |text| tantivy.best(text)));
            growth(&mut criterion, "tantivy BM25", size, &asked, |text| tantivy.best(text));
        }
        if size <= SCANNED_MAX {
            let scan = scan::Scan::of(&known);
            row("scan", size, &asked[..ASKED_OF_SCAN], |text| scan.best(text));
            growth(&mut criterion, "scan", size, &asked[..ASKED_OF_SCAN], |text| scan.best(text));
        }
        println!("{}", ours.memory(size));
        starting(&mut criterion, size, &ours);
        adding(&mut criterion, size, ours, &asked);
    }
    means.print(&sizes);
    criterion.final_summary();
}

/// Mean milliseconds of each, in the order of the sizes.
#[derive(Default)]
struct Means(BTreeMap<&'static str, Vec<f64>>);

impl Means {
    fn add(&mut self, what: &'static str, mean: f64) {
        self.0.entry(what).or_default().push(mean);
    }

    /// The growth of time as a plot that Markdown shows.
    fn print(&self, sizes: &[usize]) {
        let listed = |values: Vec<String>| values.join(", ");
        let most = self.0.values().flatten().copied().fold(0.0, f64::max);
        println!(
            "```mermaid\nxychart-beta\n  title \"{}\"",
            listed(self.0.keys().map(|&what| what.to_owned()).collect())
        );
        println!("  x-axis \"known claims\" [{}]", listed(sizes.iter().map(usize::to_string).collect()));
        println!("  y-axis \"mean milliseconds\" 0 --> {most:.1}");
        for means in self.0.values() {
            println!("  line [{}]", listed(means.iter().map(|mean| format!("{mean:.3}")).collect()));
        }
        println!("```");
    }
}

/// One row of the table: the thread's own time, which other programs on the machine do not lengthen, and how many of
/// the texts that tell a known one otherwise found it. The first tenth warms up and is not counted. Gives the mean.
fn row(what: &str, size: usize, asked: &[Asked], find: impl Fn(&str) -> Option<usize>) -> f64 {
    for asked in &asked[..asked.len() / 10] {
        black_box(find(&asked.text));
    }
    let mut took: Vec<f64> = Vec::with_capacity(asked.len());
    let (mut retold, mut right) = (0_usize, 0_usize);
    for asked in asked {
        let start = thread_milliseconds();
        let found = black_box(find(&asked.text));
        took.push(thread_milliseconds() - start);
        retold += usize::from(asked.tells.is_some());
        right += usize::from(asked.tells.is_some() && asked.tells == found);
    }
    took.sort_unstable_by(f64::total_cmp);
    let share = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    println!(
        "| {what} | {size} | {mean:.3} | {:.3} | {:.3} | {:.3} | {:.1} % |",
        share(50),
        share(99),
        share(100),
        right as f64 * 100.0 / retold.max(1) as f64,
    );
    mean
}

fn thread_milliseconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

fn growth(
    criterion: &mut Criterion,
    what: &str,
    size: usize,
    asked: &[Asked],
    find: impl Fn(&str) -> Option<usize>,
) {
    let mut next = asked.iter().cycle();
    let mut group = criterion.benchmark_group("match");
    group.plot_config(
        criterion::PlotConfiguration::default().summary_scale(criterion::AxisScale::Logarithmic),
    );
    group.bench_with_input(BenchmarkId::new(what, size), &size, |bencher, _| {
        bencher.iter(|| next.next().map(|asked| find(&asked.text)));
    });
    group.finish();
}

/// From a file to the first answer.
fn starting(criterion: &mut Criterion, size: usize, ours: &Ours) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(10);
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter(|| ours.again());
    });
    group.finish();
}

/// One claim added, and its words asked for in the index that has it.
fn adding(criterion: &mut Criterion, size: usize, mut ours: Ours, asked: &[Asked]) {
    let mut next = asked.iter().cycle().cloned();
    let mut group = criterion.benchmark_group("add and ask");
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter_batched(
            || next.next().map(|asked| asked.text).unwrap_or_default(),
            |text| ours.added_and_asked(&text),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}
