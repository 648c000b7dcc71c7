//! A small, closed reader for the XML that the platform sends: elements and
//! text, nothing else.
//!
//! No document type, no entities but the five predefined ones and character
//! references, no processing instructions, limits on size, depth and number
//! of elements; attributes are ignored. So there is nothing to expand and
//! nothing to fetch.

use quick_xml::Reader;
use quick_xml::events::Event;
use thiserror::Error;

/// The longest text that is read. The platform's own messages stay below
/// 10 kB; this leaves room for a hundred thousand Chinese characters twice.
pub const BYTES_MAX: usize = 1024 * 1024;
/// The deepest documented message has 5 levels.
const DEPTH_MAX: usize = 16;
const ELEMENTS_MAX: usize = 4096;

/// One element: its own text, and its children in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

/// Why a body is no XML that we read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum XmlError {
    #[error("the XML is longer than {BYTES_MAX} bytes")]
    TooLong,
    #[error("the XML is not UTF-8 (first bad byte at {0})")]
    NotUtf8(usize),
    #[error("the XML is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    #[error("the XML has more than {ELEMENTS_MAX} elements")]
    TooMany,
    #[error("the XML declares a document type")]
    DocumentType,
    #[error("the XML uses a reference that is not predefined")]
    Reference,
    #[error("the XML holds a processing instruction")]
    Instruction,
    #[error("the XML is not well-formed at byte {0}")]
    Malformed(u64),
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Reads one document and gives its root element.
///
/// # Errors
/// Anything but one well-formed root element within the limits.
pub fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    if bytes.len() > BYTES_MAX {
        return Err(XmlError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| XmlError::NotUtf8(error.valid_up_to()))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0_usize;
    loop {
        let event = reader.read_event().map_err(|_| XmlError::Malformed(reader.error_position()))?;
        let position = reader.buffer_position();
        let malformed = XmlError::Malformed(position);
        match event {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= DEPTH_MAX {
                    return Err(XmlError::TooDeep);
                }
                if elements > ELEMENTS_MAX {
                    return Err(XmlError::TooMany);
                }
                if root.is_some() {
                    return Err(malformed);
                }
                open.push(Element { name: start.name().as_ref().to_owned(), ..Element::default() });
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > ELEMENTS_MAX {
                    return Err(XmlError::TooMany);
                }
                if root.is_some() {
                    return Err(malformed);
                }
                let element = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
                close(&mut open, &mut root, element);
            }
            Event::End(_) => {
                let element = open.pop().ok_or(malformed)?;
                close(&mut open, &mut root, element);
            }
            Event::Text(text) => append(&mut open, &text.xml10_content(), &malformed)?,
            Event::CData(text) => append(&mut open, &text.xml10_content(), &malformed)?,
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    Ok(None) => predefined(&reference).ok_or(XmlError::Reference)?,
                    Err(_) => return Err(XmlError::Reference),
                };
                append(&mut open, character.encode_utf8(&mut [0; 4]), &malformed)?;
            }
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::PI(_) => return Err(XmlError::Instruction),
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => {
                return if open.is_empty() { root.ok_or(malformed) } else { Err(malformed) };
            }
        }
    }
}

/// Says whether XML 1.0 may hold the character.
pub fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Writes `text` as character data that gives `text` back: `]]>` is split
/// over two sections, characters that XML cannot hold are left out.
pub fn cdata(text: &str) -> String {
    let allowed: String = text.chars().filter(|character| is_allowed(*character)).collect();
    format!("<![CDATA[{}]]>", allowed.replace("]]>", "]]]]><![CDATA[>"))
}

fn close(open: &mut [Element], root: &mut Option<Element>, element: Element) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// Adds text to the innermost open element. A character that XML does not
/// allow becomes U+FFFD: one stray byte must not cost a citizen's message,
/// and no NUL must reach a database that refuses it.
fn append(open: &mut [Element], text: &str, malformed: &XmlError) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => {
            let characters = text.chars();
            element.text.extend(
                characters.map(|character| if is_allowed(character) { character } else { '\u{fffd}' }),
            );
            Ok(())
        }
        None if text.trim().is_empty() => Ok(()),
        None => Err(malformed.clone()),
    }
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BYTES_MAX, XmlError, cdata, parse};

    #[test]
    fn text_cdata_and_references_join_into_one_text() {
        let root = parse(b"<xml>\n<A>a&lt;<![CDATA[&amp;]]>&#x4e2d;</A><B/></xml>").unwrap();
        assert_eq!(root.text_of("A"), Some("a<&amp;中"));
        assert_eq!(root.text_of("B"), Some(""));
        assert_eq!(root.text_of("C"), None);
    }

    #[test]
    fn entity_tricks_are_refused() {
        let laughs = br#"<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><xml><A>&b;</A></xml>"#;
        assert_eq!(parse(laughs), Err(XmlError::DocumentType));
        let file = br#"<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml>&f;</xml>"#;
        assert_eq!(parse(file), Err(XmlError::DocumentType));
        assert_eq!(parse(b"<xml><!DOCTYPE a><A/></xml>"), Err(XmlError::DocumentType));
        assert_eq!(parse(b"<xml><A>&f;</A></xml>"), Err(XmlError::Reference));
        assert_eq!(parse(b"<xml><A>&#0;</A></xml>"), Err(XmlError::Reference));
        assert_eq!(parse(b"<xml><?php ?></xml>"), Err(XmlError::Instruction));
    }

    #[test]
    fn the_limits_hold() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()), Err(XmlError::TooDeep));
        let many = format!("<xml>{}</xml>", "<a/>".repeat(5000));
        assert_eq!(parse(many.as_bytes()), Err(XmlError::TooMany));
        assert_eq!(parse(&vec![b' '; BYTES_MAX + 1]), Err(XmlError::TooLong));
    }

    #[test]
    fn broken_documents_are_refused() {
        assert_eq!(parse(b"<xml><A>\xff\xfe</A></xml>"), Err(XmlError::NotUtf8(8)));
        for text in [
            "",
            " ",
            "hello",
            "{\"a\":1}",
            "<xml>",
            "<xml></xm>",
            "</xml>",
            "<xml/><xml/>",
            "<xml/>x",
            "<xml><A></xml></A>",
            "<xml><![CDATA[x</xml>",
            "<xml>&</xml>",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn a_forbidden_character_becomes_a_replacement() {
        assert_eq!(parse(b"<xml><A><![CDATA[a\0b]]></A></xml>").unwrap().text_of("A"), Some("a\u{fffd}b"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn character_data_gives_the_text_back(text in "([^\\p{Cc}]|\\]\\]>|[<>&\\]\n]){0,40}") {
            let root = parse(format!("<xml>{}</xml>", cdata(&text)).as_bytes()).unwrap();
            let kept: String = text.chars().filter(|character| super::is_allowed(*character)).collect();
            prop_assert_eq!(root.text, kept);
        }
    }
}
