//! Mail addresses, also those that are written so that machines do not know them.

use std::sync::LazyLock;

use regex::Regex;

use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;

static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9._%+\-]+\s?@\s?[A-Za-z0-9\-]+(?:\s?[.。]\s?[A-Za-z0-9\-]+)+")
        .expect("a constant that tests compile")
});

/// `zhang艾特qq点com`, `zhang#163.com`, `zhang at qq dot com`.
static DISGUISED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)[A-Za-z0-9._%+\-]{2,40}\s?(?:#|@|艾特|圈[aA]|[(\[{]?\s?at\s?[)\]}]?|＃)\s?",
        r"(?:qq|vip\.qq|foxmail|163|126|yeah|sina|sohu|139|189|gmail|hotmail|outlook|icloud|aliyun|yahoo|live)",
        r"\s?(?:\.|。|点|點|dot|[(\[]dot[)\]])\s?(?:com|cn|net)(?:\s?(?:\.|点)\s?cn)?",
    ))
    .expect("a constant that tests compile")
});

/// `张三@qq点com`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[\p{Han}\w.\-]{1,20}\s?(?:@|艾特)\s?[a-z0-9\-]+\s?(?:\.|点|點|dot)\s?(?:com|cn|net)")
        .expect("a constant that tests compile")
});

/// Takes the mail addresses.
pub fn find(reading: &Reading, taken: &mut Taken) {
    let text = reading.text.as_str();
    if text.contains('@') {
        take(reading, taken, &PLAIN);
    }
    if ["com", "COM", "cn", "CN", "net", "Com"].iter().any(|ending| text.contains(ending)) {
        take(reading, taken, &DISGUISED);
        take(reading, taken, &NAMED);
    }
}

fn take(reading: &Reading, taken: &mut Taken, pattern: &Regex) {
    for found in pattern.find_iter(&reading.text) {
        taken.take(reading.indices(found.range()), Kind::Mail);
    }
}
