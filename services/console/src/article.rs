//! Shows the HTML of a rendition as paragraphs of plain text, for eyes that must see every word of it.
//!
//! It is no renderer. What it does not know it shows as it stands in the source, and text that a style would
//! hide is shown too: nothing that goes out can be invisible here. The exact source is beside it on the page.

/// A paragraph or a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub text: String,
    pub heading: bool,
}

const BREAKS: [&str; 21] = [
    "p",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "br",
    "hr",
    "ul",
    "ol",
    "li",
    "table",
    "tbody",
    "tr",
    "td",
    "blockquote",
    "dl",
    "dt",
    "dd",
    "figure",
];
const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
const WITHIN_LINES: [&str; 8] = ["span", "strong", "b", "em", "i", "u", "time", "small"];

/// The blocks of an HTML text.
pub(crate) fn blocks(html: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        reader.text(&rest[..start]);
        let Some(length) = tag_length(&rest[start..]) else {
            rest = &rest[start..];
            break;
        };
        reader.tag(&rest[start..start + length]);
        rest = &rest[start + length..];
    }
    reader.text(rest);
    reader.finish()
}

/// The paragraphs of a plain text.
pub(crate) fn lines(text: &str) -> Vec<Block> {
    text.lines()
        .map(|line| Block { text: line.to_owned(), heading: false })
        .filter(|block| !block.text.trim().is_empty())
        .collect()
}

fn tag_length(from_tag: &str) -> Option<usize> {
    if from_tag.starts_with("<!--") {
        return from_tag.find("-->").map(|end| end + 3);
    }
    from_tag.find('>').map(|end| end + 1)
}

#[derive(Default)]
struct Reader {
    done: Vec<Block>,
    text: String,
    heading: bool,
    link: Option<String>,
}

impl Reader {
    fn text(&mut self, source: &str) {
        for word in source.split_inclusive(char::is_whitespace) {
            // Line ends and indentation of the source are not those of the text.
            let trimmed = word.trim_end();
            self.text.push_str(&unescape(trimmed));
            if trimmed.len() < word.len() && !self.text.is_empty() && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        let inside = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
        let closing = inside.starts_with('/');
        let name = inside
            .trim_start_matches('/')
            .split(|character: char| !character.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match name.as_str() {
            "a" if closing => {
                if let Some(address) = self.link.take() {
                    self.text.push_str(&format!("（{address}）"));
                }
            }
            "a" => self.link = attribute(inside, "href"),
            "img" => {
                let source = attribute(inside, "src").unwrap_or_default();
                self.text.push_str(&format!("〔{source}〕"));
            }
            heading if HEADINGS.contains(&heading) => {
                self.end();
                self.heading = !closing;
            }
            block if BREAKS.contains(&block) => self.end(),
            inline if WITHIN_LINES.contains(&inline) => {}
            _ => self.text.push_str(tag),
        }
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        if !text.is_empty() {
            self.done.push(Block { text, heading: self.heading });
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end();
        self.done
    }
}

fn attribute(inside: &str, name: &str) -> Option<String> {
    let (_, after) = inside.split_once(&format!("{name}=\""))?;
    after.split_once('"').map(|(value, _)| unescape(value))
}

fn unescape(text: &str) -> String {
    // The ampersand last, so that an escaped escape stays one.
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", "\u{a0}"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<String> {
        blocks(html).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn an_article_reads_as_its_paragraphs() {
        let html =
            "<section>\n<h2>结论</h2><p>不实 &amp; <strong>请勿转发</strong>。</p><p>一<br/>二</p></section>";
        assert_eq!(texts(html), ["结论", "不实 & 请勿转发。", "一", "二"]);
        assert!(blocks(html)[0].heading && !blocks(html)[1].heading);
    }

    #[test]
    fn nothing_is_hidden() {
        assert_eq!(texts("<p style=\"display:none\">密</p>"), ["密"]);
        assert_eq!(texts("<p>甲<!-- 乙 --></p>"), ["甲<!-- 乙 -->"]);
        assert_eq!(texts("<p>甲<script>乙</script>"), ["甲<script>乙</script>"]);
        assert_eq!(texts("<p>甲<没有结尾"), ["甲<没有结尾"]);
        assert_eq!(texts("<a href=\"https://x.cn/?a=1&amp;b\">看</a>"), ["看（https://x.cn/?a=1&b）"]);
    }

    #[test]
    fn an_escaped_tag_is_text() {
        assert_eq!(texts("<p>&lt;b&gt; &amp;lt;</p>"), ["<b> &lt;"]);
    }
}
