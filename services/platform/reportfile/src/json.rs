//! JSON as other programs write it: what a strict reader refuses and a person understands is read. Half of an emoji
//! becomes U+FFFD, numbers keep their digits, a key that comes twice is kept twice.

/// How deep values may lie in each other.
const DEPTH_MAX: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// Words.
    Text(String),
    /// A list.
    List(Vec<Placed>),
    /// Keys and values, in their order.
    Object(Vec<(String, Json)>),
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// In bytes.
    pub at: usize,
    /// The value.
    pub value: Json,
}

/// Reads values one behind another.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What stands there is no JSON; where that was seen, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson(pub usize);

impl<'a> Reader<'a> {
    /// Reads `text` from its beginning.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next value; `None` at the text's end.
    pub fn next_value(&mut self) -> Option<Result<Placed, NotJson>> {
        self.blanks();
        if self.at >= self.text.len() {
            return None;
        }
        let at = self.at;
        Some(self.value(0).map(|value| Placed { at, value }))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(c) = self.text[self.at..].chars().next() {
            if c.is_whitespace() || c == '\u{feff}' || c == '\u{1e}' {
                self.at += c.len_utf8();
            } else {
                break;
            }
        }
    }

    fn fail<T>(&self) -> Result<T, NotJson> {
        Err(NotJson(self.at))
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.byte() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        if depth > DEPTH_MAX {
            return self.fail();
        }
        match self.byte() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.words().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => {
                for (name, value) in [
                    ("null", Json::Null),
                    ("true", Json::Bool(true)),
                    ("false", Json::Bool(false)),
                    ("NaN", Json::Null),
                ] {
                    if self.text[self.at..].starts_with(name) {
                        self.at += name.len();
                        return Ok(value);
                    }
                }
                self.fail()
            }
            None => self.fail(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.at += 1;
        let mut members = Vec::new();
        loop {
            self.blanks();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if self.byte() != Some(b'"') {
                return self.fail();
            }
            let key = self.words()?;
            self.blanks();
            if !self.take(b':') {
                return self.fail();
            }
            self.blanks();
            members.push((key, self.value(depth + 1)?));
            self.blanks();
            if !self.take(b',') && self.byte() != Some(b'}') {
                return self.fail();
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.blanks();
            if self.take(b']') {
                return Ok(Json::List(values));
            }
            let at = self.at;
            values.push(Placed { at, value: self.value(depth + 1)? });
            self.blanks();
            if !self.take(b',') && self.byte() != Some(b']') {
                return self.fail();
            }
        }
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
            .count();
        let written = &self.text[self.at..self.at + length];
        if written.parse::<f64>().is_err() {
            return self.fail();
        }
        self.at += length;
        Ok(Json::Number(written.to_owned()))
    }

    fn words(&mut self) -> Result<String, NotJson> {
        self.at += 1;
        let mut words = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else { return self.fail() };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(words),
                '\\' => words.push(self.escaped()?),
                // A line's end inside of words is somebody's forgotten quotation mark.
                '\n' | '\r' => return self.fail(),
                other => words.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, NotJson> {
        let Some(byte) = self.byte() else { return self.fail() };
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let second = (0xD800..0xDC00).contains(&unit).then(|| self.second_half()).flatten();
                let units = [unit, second.unwrap_or(0)];
                let units = if second.is_some() { &units[..] } else { &units[..1] };
                char::decode_utf16(units.iter().copied()).next().and_then(Result::ok).unwrap_or('\u{FFFD}')
            }
            _ => {
                self.at -= 1;
                return self.fail();
            }
        })
    }

    fn unit(&mut self) -> Result<u16, NotJson> {
        let digits = self.text.get(self.at..self.at + 4);
        let unit = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.fail(),
        }
    }

    /// The second half of a character, where it follows.
    fn second_half(&mut self) -> Option<u16> {
        let digits = self.text[self.at..].strip_prefix("\\u")?.get(..4)?;
        let unit = u16::from_str_radix(digits, 16).ok().filter(|unit| (0xDC00..0xE000).contains(unit))?;
        self.at += 6;
        Some(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Json> {
        let mut reader = Reader::new(text);
        let value = reader.next_value()?.ok()?.value;
        reader.next_value().is_none().then_some(value)
    }

    #[test]
    fn what_people_understand_is_read() {
        let text = |words: &str| Some(Json::Text(words.to_owned()));
        assert_eq!(read(r#""停水\ud83d""#), text("停水\u{FFFD}"));
        assert_eq!(read(r#""\ude31停水""#), text("\u{FFFD}停水"));
        assert_eq!(read(r#""\ud83d\ude31""#), text("😱"));
        assert_eq!(read(r#""\ud83d\u4e00""#), text("\u{FFFD}一"));
        assert_eq!(read("202611220001000123456789"), Some(Json::Number("202611220001000123456789".into())));
        let twice = read(r#" {"a": null, "a": 1,} "#);
        let members = vec![("a".to_owned(), Json::Null), ("a".to_owned(), Json::Number("1".into()))];
        assert_eq!(twice, Some(Json::Object(members)));
    }

    #[test]
    fn what_nobody_understands_is_not() {
        for broken in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":}",
            "[1",
            "\"",
            "\"a\nb\"",
            "\"\\x\"",
            "\"\\u12\"",
            "tru",
            "1.2.3",
            "{a:1}",
            "{} {}",
        ] {
            assert_eq!(read(broken), None, "{broken}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"\\\\u0-9a-f一😱 \n]{0,60}") {
            let mut reader = Reader::new(&text);
            while let Some(Ok(_)) = reader.next_value() {}
        }
    }
}
