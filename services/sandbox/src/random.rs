//! The platforms' identifiers: unguessable where theirs are, and always fresh.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `length` characters as the platforms use in tokens, media ids and openids.
pub fn identifier(length: usize) -> String {
    (0..length).map(|_| char::from(LETTERS[usize::from(rand::random::<u8>() % 64)])).collect()
}

/// `length` letters and digits, for nonces and short links.
pub fn alphanumeric(length: usize) -> String {
    (0..length).map(|_| char::from(letter_or_digit())).collect()
}

fn letter_or_digit() -> u8 {
    // Indices 0..62 are the letters and digits of the table; the rest is drawn again.
    loop {
        let index = rand::random::<u8>() % 64;
        if index < 62 {
            return LETTERS[usize::from(index)];
        }
    }
}
