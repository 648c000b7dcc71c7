//! The judges that come with the program, fitted anew on a folder and written as the file that they are read from.

use std::fmt::Write as _;
use std::path::Path;

use crate::evaluate::rows::RowsError;
use crate::evaluate::{clustering, matching};
use crate::matching::{Judge, Judges};

const HEADER: &str = "\
# What each figure of `rerank::FIGURES` is worth, in their order, and from which score on (a logarithm of odds) a match
# is sure or worth a person's look. Fitted by `chengqing eval judges` on dated collections of real reports; thresholds
# carry a margin. No text and no word of those collections is in it.
";

/// Weights on one line.
const WEIGHTS_A_LINE: usize = 8;

/// Fits the judges on a folder.
///
/// # Errors
/// When a file is missing or malformed.
pub fn fitted(folder: &Path) -> Result<Judges, RowsError> {
    let (claim, clarification) = matching::judges(folder)?;
    Ok(Judges { claim, clarification, joining: clustering::joining(folder)? })
}

/// The file of these judges, to four digits.
pub fn file_of(judges: &Judges) -> String {
    let Judges { claim, clarification, joining } = judges;
    let mut file = HEADER.to_owned();
    for (name, judge) in [("claim", claim), ("clarification", clarification), ("joining", joining)] {
        let Judge { maybe, sure, weights } = judge;
        let constant = weights.constant;
        let _infallible = writeln!(
            file,
            "\n[{name}]\nmaybe = {maybe:.4}\nsure = {sure:.4}\nconstant = {constant:.4}\nweights = ["
        );
        for line in weights.weights.chunks(WEIGHTS_A_LINE) {
            let line: Vec<String> = line.iter().map(|weight| format!("{weight:.4},")).collect();
            let _infallible = writeln!(file, "  {}", line.join(" "));
        }
        file.push_str("]\n");
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_the_file_that_the_program_reads() {
        assert_eq!(file_of(Judges::get()), include_str!("../matching.toml"));
    }
}
