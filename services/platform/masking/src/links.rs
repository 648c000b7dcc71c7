//! What points at a person inside a web address. What a page is called in its path stays, for a reader needs it whole; in
//! the query of a site a parameter goes whose name or form says that it is a telephone, a paper, a mail address.

use crate::Found;
use crate::identities;
use crate::kind::Kind;
use crate::phones;

use lookalike::addresses;

/// Names of parameters that say what their value is.
const NAMES: &[(Kind, &[&str])] = &[
    (
        Kind::Mobile,
        &[
            "phone",
            "mobile",
            "tel",
            "telephone",
            "cell",
            "cellphone",
            "sjh",
            "shouji",
            "msisdn",
            "phonenum",
            "phonenumber",
            "userphone",
            "lxdh",
            "dianhua",
        ],
    ),
    (
        Kind::Paper,
        &[
            "idcard",
            "idno",
            "idnum",
            "sfz",
            "sfzh",
            "cardno",
            "certno",
            "identity",
            "passport",
            "zjhm",
            "shenfenzheng",
        ],
    ),
    (Kind::Mail, &["email", "mail"]),
    (Kind::Name, &["realname", "xm", "xingming", "truename", "fullname"]),
    (Kind::Account, &["openid", "unionid", "wxid", "qq", "wechat", "weixin", "qqnum", "uin"]),
    (Kind::Home, &["address", "addr", "dizhi"]),
    (Kind::Card, &["bankcard", "cardnum", "bankno", "bankaccount"]),
];

/// What is to be cut in the addresses of a text.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for address in addresses(text) {
        let Some(query) = text[address.clone()].find('?') else { continue };
        let mut at = address.start + query + 1;
        for pair in text[at..address.end].split(['&', '#', '?', ';']) {
            let start = at;
            at += pair.len() + 1;
            let Some((name, value)) = pair.split_once('=') else { continue };
            if let Some(kind) = kind(name, value) {
                let start = start + name.len() + 1;
                found.push(Found { range: start..start + value.len(), kind });
            }
        }
    }
    found
}

fn kind(name: &str, value: &str) -> Option<Kind> {
    if value.is_empty() || value.contains('〔') {
        return None;
    }
    let name: String = name.to_ascii_lowercase().replace(['_', '-', '.'], "").replace("amp;", "");
    let named = NAMES.iter().find(|(_, names)| names.contains(&name.as_str()));
    if let Some((kind, _)) = named {
        return Some(*kind);
    }
    let plain: String = value.trim_start_matches("%2B86").trim_start_matches("+86").to_owned();
    if phones::is_mobile(&plain) && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Kind::Mobile);
    }
    if identities::is_mainland(value) {
        return Some(Kind::Paper);
    }
    (value.contains('@') || value.contains("%40")).then_some(Kind::Mail).filter(|_| value.contains('.'))
}
