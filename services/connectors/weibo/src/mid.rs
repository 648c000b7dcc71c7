//! The short form of a post's id, as it stands in the address of its page.

const ALPHABET: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Seven decimal digits at a time, from the right, become four of base 62.
const GROUP: u64 = 10_000_000;
const GROUP_DIGITS: usize = 4;

/// Writes a decimal id in its short form.
pub fn mid62(mid: u64) -> String {
    let mut reversed = String::new();
    let mut rest = mid;
    loop {
        let is_last = rest < GROUP;
        let mut group = rest % GROUP;
        let mut digits = 0;
        while group > 0 || (digits == 0 && is_last) || (digits < GROUP_DIGITS && !is_last) {
            let index = usize::try_from(group % 62).expect("a remainder below 62 fits any integer");
            reversed.push(char::from(ALPHABET[index]));
            group /= 62;
            digits += 1;
        }
        if is_last {
            return reversed.chars().rev().collect();
        }
        rest /= GROUP;
    }
}

#[cfg(test)]
mod tests {
    use super::mid62;

    #[test]
    fn ids_shorten_as_on_the_platform() {
        assert_eq!(mid62(3_501_756_485_200_075), "z0JH2lOMb");
        assert_eq!(mid62(4_589_370_117_952_461), "JBuVlxmNv");
        assert_eq!(mid62(3_504_803_600_502_730), "z20XK26My");
        assert_eq!(mid62(10_000_000), "10000");
        assert_eq!(mid62(0), "0");
    }
}
