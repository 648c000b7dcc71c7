//! How well it is heard that somebody is in danger: calls of many kinds, and messages that only sound like one. Every
//! message is invented. What is held out was written after the word lists and the examples, and is never tuned on.

use judgement::danger::danger;

const CALLS: &str = include_str!("../../src/danger/calls.txt");
const QUIET: &str = include_str!("../../src/danger/quiet.txt");
const CALLS_HELD_OUT: &str = include_str!("calls_held_out.txt");
const QUIET_HELD_OUT: &str = include_str!("quiet_held_out.txt");

fn messages(file: &str) -> Vec<&str> {
    file.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).collect()
}

/// The messages of a file that are heard as calls, and those that are not.
fn heard(file: &'static str) -> (Vec<&'static str>, Vec<&'static str>) {
    messages(file).into_iter().partition(|message| danger(message).is_some())
}

/// The share, in percent.
fn percent(part: usize, whole: usize) -> f64 {
    let count = |count: usize| f64::from(u32::try_from(count).expect("a corpus of some hundred lines"));
    100.0 * count(part) / count(whole)
}

#[test]
fn calls_for_help_are_heard_and_what_only_sounds_like_one_rings_no_alarm() {
    for (name, calls, quiet, recall_min, false_max) in
        [("examples", CALLS, QUIET, 97.0, 5.0), ("held out", CALLS_HELD_OUT, QUIET_HELD_OUT, 85.0, 15.0)]
    {
        let ((heard, missed), (alarmed, unalarmed)) = (self::heard(calls), self::heard(quiet));
        let recall = percent(heard.len(), heard.len() + missed.len());
        let false_alarms = percent(alarmed.len(), alarmed.len() + unalarmed.len());
        println!(
            "{name}: recall {recall:.1} % of {}, false alarms {false_alarms:.1} % of {}",
            heard.len() + missed.len(),
            alarmed.len() + unalarmed.len()
        );
        println!("  missed: {missed:#?}\n  alarmed: {alarmed:#?}");
        assert!(recall >= recall_min, "{name}: recall {recall:.1} %, missed: {missed:#?}");
        assert!(false_alarms <= false_max, "{name}: false alarms {false_alarms:.1} %: {alarmed:#?}");
    }
    assert!(messages(CALLS).len() >= 150 && messages(QUIET).len() >= 150);
}

#[test]
fn words_that_pass_it_on_silence_no_call() {
    for call in messages(CALLS).into_iter().filter(|call| danger(call).is_some()) {
        for passed_on in [
            format!("{call}，求转发求扩散"),
            format!("{call} 求扩散🙏🙏"),
            format!("转发：{call}"),
            format!("紧急扩散！！{call}"),
        ] {
            assert!(danger(&passed_on).is_some(), "{passed_on}");
        }
    }
}
