//! What the site's templates are filled with.

use askama::Template;

/// The list of clarifications.
#[derive(Template)]
#[template(path = "list.html")]
pub struct ListPage {
    /// Who speaks.
    pub site_name: String,
    /// Newest first.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// One clarification of the list.
pub struct Item {
    /// The page.
    pub address: String,
    /// Its title.
    pub title: String,
    /// Its summary.
    pub summary: String,
    /// The verdict's words; empty where there is none.
    pub verdict: &'static str,
    /// Since when it is public, in Beijing time.
    pub public_time: String,
}

/// One clarification.
#[derive(Template)]
#[template(path = "page.html")]
pub struct Page {
    /// Who speaks.
    pub site_name: String,
    /// Its title.
    pub title: String,
    /// Its summary.
    pub summary: String,
    /// The signed HTML, as it is.
    pub body: String,
    /// The verdict's words; empty where there is none.
    pub verdict: &'static str,
    /// Since when it is public, in Beijing time.
    pub public_time: String,
    /// Its revision.
    pub revision: u64,
    /// 校验码.
    pub content_hash: String,
}

/// A page that says why there is nothing to read.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    /// Who speaks.
    pub site_name: String,
    /// What is the matter.
    pub title: &'static str,
    /// What to do.
    pub text: &'static str,
}

/// A verdict's words; empty for one that is not known here.
#[must_use]
pub fn verdict(verdict: &str) -> &'static str {
    match verdict {
        "false" => "不实",
        "partly_false" => "部分不实",
        "misleading" => "误导",
        "outdated" => "旧闻翻炒",
        "unsubstantiated" => "暂无依据",
        "true" => "属实",
        "pending" => "核查中",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_signed_body_is_escaped() {
        let page = Page {
            site_name: "青岚县<b>".into(),
            title: "<script>alert(1)</script>".into(),
            summary: "a & b".into(),
            body: "<section><h2>结论</h2><p>不实。</p></section>".into(),
            verdict: verdict("false"),
            public_time: "2026年11月22日 20:00".into(),
            revision: 1,
            content_hash: "ab".repeat(32),
        };
        let html = page.render().unwrap();
        assert!(html.contains("lang=\"zh-CN\""));
        assert!(!html.contains("<script>") && !html.contains("青岚县<b>"));
        assert!(html.contains("a &#38; b"));
        assert!(html.contains("<section><h2>结论</h2><p>不实。</p></section>"));
    }

    #[test]
    fn an_empty_list_says_so() {
        let html = ListPage { site_name: "青岚县".into(), items: vec![], next: None }.render().unwrap();
        assert!(html.contains("还没有发布内容"));
    }
}
