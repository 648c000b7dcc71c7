//! Every row is counted once, and only when ingest has told what became of it.

use contracts::ingest::v1::ImportReportsResponse;
use contracts::ingest::v1::import_reports_response::LineOutcome;
use contracts::ingest::v1::import_reports_response::line_outcome::Outcome;
use reportfile::{Import, Untold};

use crate::desk::judged_as;

fn told(line: u64, outcome: Outcome) -> LineOutcome {
    LineOutcome { line, outcome: outcome.into(), description_zh: "编号用过".into(), ..Default::default() }
}

#[test]
fn rows_are_counted_as_ingest_tells_of_them_and_never_twice() {
    let (table, judged) =
        judged_as("编号,时间,内容\n1,,停水\n2,昨天,停电\n3,,停气\n4,,修路\n5,上周,拆桥\n").unwrap();
    let mut import = Import::new(table, judged);
    let places: Vec<u64> = import.next_rows(4).iter().map(|row| row.line).collect();
    assert_eq!(places, [1, 3, 4], "the second row is refused here and sent to nobody");

    let answer = ImportReportsResponse {
        accepted: 1,
        duplicate: 1,
        outcomes: vec![told(4, Outcome::Conflict), told(3, Outcome::Duplicate)],
        ..Default::default()
    };
    for incomplete in [
        ImportReportsResponse { accepted: 0, ..answer.clone() },
        ImportReportsResponse { outcomes: vec![told(3, Outcome::Duplicate)], ..answer.clone() },
        ImportReportsResponse {
            outcomes: vec![told(5, Outcome::Conflict), told(3, Outcome::Duplicate)],
            ..answer.clone()
        },
    ] {
        assert_eq!(import.hear(4, Some(&incomplete)), Err(Untold), "{incomplete:?}");
        assert_eq!((import.done(), import.tally().rows()), (0, 0));
    }
    assert_eq!(import.hear(4, None), Err(Untold));

    import.hear(4, Some(&answer)).unwrap();
    assert!(import.next_rows(4).is_empty() && !import.is_done());
    import.hear(4, None).unwrap();
    assert!(import.is_done());
    let tally = import.tally();
    assert_eq!((tally.accepted, &tally.duplicate[..], tally.conflicting), (1, &[2][..], 1));
    assert_eq!(tally.refused.iter().map(|(at, _)| import.line(*at)).collect::<Vec<_>>(), [3, 5, 6]);
    assert_eq!(tally.rows(), 5);
    let refused = import.refused_csv(false);
    assert!(refused.contains("第 5 行：编号用过") && refused.contains("第 6 行：时间“上周”"), "{refused}");
}
