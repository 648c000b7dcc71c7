//! What programs put around a value and nobody means: blanks, a tab that keeps Excel from rounding, a formula around
//! a number, a mark before what could be a formula, full width.

/// Full width as half width, and every kind of blank as a blank. Chinese words stay as they are.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '\u{3000}' | '\u{A0}' | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\t' => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            other => other,
        })
        .collect()
}

/// A word as it is compared: half width, small, without blanks and marks.
pub fn plain_word(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !is_unseen(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A cell without what nobody sees at its ends.
pub fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_unseen(c))
}

/// A value such as an id, a time or a name without its dress: `="0012"`, `'0012`, a tab behind it.
pub fn undressed(cell: &str) -> &str {
    let mut value = trimmed(cell);
    if let Some(formula) = value.strip_prefix('=') {
        let formula = trimmed(formula);
        value = formula.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(formula);
    }
    // Excel's own mark of a text is one; exporters write it, and the typographic ones too.
    value = value.strip_prefix(['\'', '‘', '’', '＇', '`']).unwrap_or(value);
    trimmed(value)
}

/// Words without the mark that [`guarded`] puts before them.
pub fn unguarded(cell: &str) -> &str {
    let cell = trimmed(cell);
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(cell)
}

/// A cell as a spreadsheet program shows it and nothing more: it runs as no formula, and no long number is rounded.
pub fn guarded(cell: &str) -> String {
    // Excel shows a number of twelve digits as 2.02611E+11, and cuts it after fifteen.
    let long_number = cell.len() >= 12 && cell.bytes().all(|byte| byte.is_ascii_digit());
    if long_number {
        format!("\t{cell}")
    } else if cell.starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// What a formula begins with.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '＝', '＠'];

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_put_around_an_id_is_taken_off() {
        for dressed in [
            "0012",
            " 0012 ",
            "0012\t",
            "\t0012",
            "=\"0012\"",
            "= \"0012\" ",
            "'0012",
            "‘0012",
            "\u{feff}0012",
            "\u{3000}0012\u{a0}",
            "\u{202d}0012\u{202c}",
            "0012\u{0}",
        ] {
            assert_eq!(undressed(dressed), "0012", "{dressed:?}");
        }
        assert_eq!(undressed("=A1"), "A1");
        assert_eq!(undressed("\""), "\"");
    }

    #[test]
    fn a_guarded_cell_runs_nothing_is_not_rounded_and_comes_back_as_it_was() {
        for cell in ["=HYPERLINK(\"http://x\")", "+86", "-5", "@所有人 停水", "普通的话", "it's", "'别停水'"]
        {
            let shown = guarded(cell);
            assert!(!shown.starts_with(FORMULA), "{shown}");
            assert_eq!(unguarded(&shown), cell);
        }
        assert_eq!(guarded("202611220001000123"), "\t202611220001000123");
        assert_eq!(undressed(&guarded("202611220001000123")), "202611220001000123");
        assert_eq!(guarded("13800000000"), "13800000000");
    }
}
