use judgement::index::*;
use judgement::matching::*;
use judgement::normalise::normalise;
use judgement::profile::Profile;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let p = |t: &str| Profile::of(&normalise(t));
    let mut ix = Index::default();
    ix.add(Target::claim(7), Field::Sentence, &p(&a[0]));
    for q in &a[1..] {
        let c = candidates(&ix, Judges::get(), &p(q));
        let m = matches(&ix, Judges::get(), &p(q));
        println!(
            "{q}: claim score {:?} joining {:?} {:?}",
            c.first().map(|c| c.score),
            c.first()
                .map(|c| Judges::get().joining.weights.score(&judgement::rerank::without_leads(&c.figures))),
            m.claim.map(|m| m.certainty)
        );
    }
}
