//! From bytes to text: which encoding a file is in, its bytes say.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// A file's text.
#[derive(Debug)]
pub struct Decoded {
    /// The text, without a mark of its encoding.
    pub text: String,
    /// True where bytes could not be read and stand as U+FFFD.
    pub has_unreadable: bool,
}

/// So many three-byte characters of UTF-8 for each byte that is none make it UTF-8 with a flaw.
const UTF_8_PER_FLAW: usize = 3;

/// Reads bytes in the encoding that they are in: UTF-8, UTF-16 of either order, GB18030 with all that GBK and GB2312
/// are.
pub fn decode(bytes: &[u8]) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes)
        && encoding != UTF_8
    {
        return whole(encoding, &bytes[mark..]);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\x84\x31\x95\x33").unwrap_or(bytes);
    if let Some(encoding) = utf_16(bytes) {
        return whole(encoding, bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.to_owned(), has_unreadable: false },
        Err(_) => utf_8_or_gb18030(bytes),
    }
}

fn utf_8_or_gb18030(bytes: &[u8]) -> Decoded {
    let flaws = |text: &str| text.chars().filter(|c| *c == '\u{FFFD}').count();
    let (as_utf_8, _) = UTF_8.decode_without_bom_handling(bytes);
    let flaws_of_utf_8 = flaws(&as_utf_8);
    let characters = as_utf_8.chars().filter(|c| *c != '\u{FFFD}' && c.len_utf8() > 2).count();
    let (as_gb18030, _) = GB18030.decode_without_bom_handling(bytes);
    let flaws_of_gb18030 = flaws(&as_gb18030);
    if characters >= UTF_8_PER_FLAW * flaws_of_utf_8 || flaws_of_gb18030 >= flaws_of_utf_8 {
        return Decoded { text: as_utf_8.into_owned(), has_unreadable: true };
    }
    Decoded { text: as_gb18030.into_owned(), has_unreadable: flaws_of_gb18030 > 0 }
}

/// Half a pair of UTF-16 is cut emoji, which is replaced; only a byte too many is unreadable.
fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), has_unreadable: bytes.len() % 2 == 1 }
}

/// UTF-16 without a mark: a line end has a zero byte beside it, and on which side, no Chinese character can pretend.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let count = |is: fn(&[u8]) -> bool| bytes.chunks_exact(2).filter(|pair| is(pair)).count();
    let ends =
        (count(|pair| matches!(pair, [b'\n' | b'\r', 0])), count(|pair| matches!(pair, [0, b'\n' | b'\r'])));
    let zeros = (count(|pair| pair[1] == 0), count(|pair| pair[0] == 0));
    let (little, big) = if ends == (0, 0) { zeros } else { ends };
    let (encoding, zeros) = if little >= big { (UTF_16LE, zeros.0) } else { (UTF_16BE, zeros.1) };
    // A stray zero byte in a text of another encoding is not enough.
    let share = if std::str::from_utf8(bytes).is_ok() { 10 } else { 100 };
    (zeros > 0 && zeros * share >= bytes.len()).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "编号,时间,内容\r\n1,2026-11-30 08:00,听说城北水厂的水管爆了😱\r\n2,,问三路车是不是取消\r\n";

    fn utf_16_bytes(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn each_encoding_is_known_by_its_bytes() {
        let with_mark = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        let gb18030 = GB18030.encode(TEXT).0.into_owned();
        let files = [
            TEXT.as_bytes().to_vec(),
            with_mark(b"\xEF\xBB\xBF", TEXT.as_bytes().to_vec()),
            utf_16_bytes(TEXT, u16::to_le_bytes),
            utf_16_bytes(TEXT, u16::to_be_bytes),
            with_mark(b"\xFF\xFE", utf_16_bytes(TEXT, u16::to_le_bytes)),
            with_mark(b"\xFE\xFF", utf_16_bytes(TEXT, u16::to_be_bytes)),
            with_mark(b"\x84\x31\x95\x33", gb18030.clone()),
            gb18030,
        ];
        for (number, file) in files.iter().enumerate() {
            let decoded = decode(file);
            assert_eq!(decoded.text, TEXT, "file {number}");
            assert!(!decoded.has_unreadable, "file {number}");
        }
    }

    #[test]
    fn one_flaw_does_not_turn_a_file_into_another_encoding() {
        let mut flawed = TEXT.as_bytes().to_vec();
        flawed.extend_from_slice(b"3,,\xff\xfe\r\n");
        let decoded = decode(&flawed);
        assert!(decoded.text.starts_with(TEXT) && decoded.has_unreadable);
        let mut gbk = GB18030.encode(TEXT).0.into_owned();
        gbk.push(0xFF);
        assert!(decode(&gbk).text.contains("城北水厂"));
    }

    #[test]
    fn a_zero_byte_makes_no_utf_16() {
        assert_eq!(decode("内容\n停水\u{0}了\n".as_bytes()).text, "内容\n停水\u{0}了\n");
        assert_eq!(decode(b"").text, "");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _any = decode(&bytes);
        }

        #[test]
        fn ordinary_chinese_is_read_in_every_encoding(words in "[一-龥，。？0-9a-z]{6,60}") {
            let text = format!("内容\r\n{words}\r\n");
            for bytes in [
                text.as_bytes().to_vec(),
                GB18030.encode(&text).0.into_owned(),
                utf_16_bytes(&text, u16::to_le_bytes),
                utf_16_bytes(&text, u16::to_be_bytes),
            ] {
                proptest::prop_assert_eq!(&decode(&bytes).text, &text);
            }
        }
    }
}
