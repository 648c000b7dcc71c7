//! The corpus is large enough to say something, and masking holds its floors on it.

use masking::evaluate;

#[test]
fn every_way_has_samples_enough_and_many_texts_must_stay() {
    evaluate::check().unwrap();
    assert!(evaluate::readable().len() >= 150);
}

#[test]
fn what_must_go_goes_and_what_must_stay_stays() {
    let measured = evaluate::measure();
    // What is wrong is told in words; a few of thousands may be.
    println!("{}", measured.wrong.join("\n"));
    for (way, share) in &measured.ways {
        assert!(share.value() >= 0.9, "{way:?}: {share:?}");
    }
    let went = measured.outcomes.iter().filter(|outcome| outcome.went).count();
    assert!(went * 100 >= measured.outcomes.len() * 98, "{went} of {}", measured.outcomes.len());
    let alone = |outcome: &&evaluate::Outcome| outcome.found.iter().all(|(_, alone)| *alone);
    let alone = measured.outcomes.iter().filter(alone).count();
    assert!(alone * 100 >= measured.outcomes.len() * 98, "{alone} of {}", measured.outcomes.len());
    let stays = measured.readable.iter().filter(|(_, found)| found.is_empty()).count();
    assert!(stays * 100 >= measured.readable.len() * 99, "{stays} of {}", measured.readable.len());
}
