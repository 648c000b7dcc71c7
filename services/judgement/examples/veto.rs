use judgement::evaluate::collections::*;
use judgement::index::*;
use judgement::matching::*;
fn main() {
    let d = std::path::PathBuf::from("/work/shared/data/dev");
    for (c, kind) in [(covid(&d).unwrap(), Kind::Clarification), (ced(&d).unwrap(), Kind::Claim)] {
        let mut ix = Index::default();
        let mut w = c.known.iter().peekable();
        let mut n = std::collections::BTreeMap::new();
        for q in &c.queries {
            while let Some(k) = w.next_if(|k| k.time <= q.time) {
                ix.add(Target { kind, id: k.id }, Field::Sentence, &k.sentence);
                if let Some(b) = &k.body {
                    ix.add(Target { kind, id: k.id }, Field::Body, b);
                }
                ix.settle();
            }
            let mut f = candidates(&ix, Judges::get(), &q.text);
            f.retain(|x| !q.ignored.contains(&x.target.id));
            // rank by cosine+covering
            f.sort_by(|a, b| {
                (b.alike.sentence.cosine + b.alike.sentence.covering)
                    .total_cmp(&(a.alike.sentence.cosine + a.alike.sentence.covering))
            });
            let Some(t) = f.first() else { continue };
            if t.alike.sentence.cosine + t.alike.sentence.covering < 0.7 {
                continue;
            }
            let right = q.relevant.contains(&t.target.id);
            let a = t.alike.sentence.agreement;
            *n.entry((right, "all")).or_insert(0) += 1;
            for (name, v) in [
                ("region", a.other_region),
                ("place", a.other_place),
                ("number", t.alike.sentence.other_number),
                ("subject", a.other_subject),
                ("denial", t.alike.sentence.denial),
                ("any", t.alike.sentence.conflicts()),
            ] {
                if v {
                    *n.entry((right, name)).or_insert(0) += 1;
                }
            }
        }
        println!("{} {:?}", c.name, n);
    }
}
