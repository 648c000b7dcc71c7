fn main() {
    let mut a = std::env::args().skip(1);
    let task = a.next().unwrap();
    let data = std::path::PathBuf::from(a.next().unwrap());
    let train = a.next().map(std::path::PathBuf::from);
    if task == "j" {
        println!("{}", toml::to_string(&judgement::evaluate::judges(&data).unwrap()).unwrap());
        return;
    }
    let t = std::time::Instant::now();
    let e = match task.as_str() {
        "m" => judgement::evaluate::matching::measure(&data, train.as_deref()),
        "c" => judgement::evaluate::clustering::measure(&data, train.as_deref()),
        _ => panic!(),
    }
    .unwrap();
    for f in e.figures {
        println!("{:32} {:.4} [{:.3} {:.3}]", f.name, f.interval.value, f.interval.low, f.interval.high);
    }
    for n in e.notes {
        println!("{n}");
    }
    eprintln!("{:?}", t.elapsed());
}
