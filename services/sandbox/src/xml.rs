//! Just enough XML for callbacks and replies: a small tree out, CDATA in. No
//! entities are expanded beyond the five of XML itself, and a document type is
//! refused, so no reply can make the sandbox read anything.

use quick_xml::{Reader, events::Event};

/// One element with its text and its children.
#[derive(Debug, Default)]
pub struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Reads one document. `None` for anything that is not well-formed.
pub fn parse(document: &str) -> Option<Element> {
    let mut reader = Reader::from_str(document.trim());
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                open.push(Element { name: start.name().as_ref().to_owned(), ..Element::default() });
            }
            Event::Empty(start) => {
                let empty = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
                open.last_mut()?.children.push(empty);
            }
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::CData(data) => open.last_mut()?.text.push_str(&data.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().ok()? {
                    Some(character) => character,
                    None => match &*reference.xml10_content() {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "apos" => '\'',
                        "quot" => '"',
                        _ => return None,
                    },
                };
                open.last_mut()?.text.push(character);
            }
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let mut root = open.pop()?;
    if !open.is_empty() || root.children.len() != 1 || !root.text.trim().is_empty() {
        return None;
    }
    root.children.pop()
}

/// `text` as a CDATA section; the one sequence that would end it early is split.
pub fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_whatever_the_text() {
        let text = "<b>&amp;]]>\u{1F600} 澄清";
        let root = parse(&format!("<xml><Content>{}</Content><N>1</N></xml>", cdata(text))).unwrap();
        assert_eq!(root.text_of("Content"), Some(text));
        assert_eq!(root.text_of("N"), Some("1"));
    }

    #[test]
    fn refuses_document_types_unknown_entities_and_broken_documents() {
        for document in [
            "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><a>&a;</a></xml>",
            "<xml>&unknown;</xml>",
            "<xml><a></xml>",
            "{\"json\":true}",
            "",
        ] {
            assert!(parse(document).is_none(), "{document}");
        }
    }
}
