//! Files of reports through the real command and the real page: every row once, whoever dies meanwhile.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use suite::demo::Page;
use tokio::process::Command;

use crate::inside::superuser;
use crate::office::{Office, program};

/// A hotline's export as Chinese Windows saves it. Of its rows, three cannot be taken.
fn export(rows: usize) -> String {
    let mut file = String::from("工单编号,来电时间,来源渠道,诉求内容,来电人\r\n");
    for row in 0..rows {
        let (time, text) = match row {
            7 => ("上周", "听说第7路公交车要停运"),
            8 => ("2026/11/22 8:00", ""),
            9 => ("2026-11-22 08:00 EST", "听说第9路公交车要停运"),
            _ => ("2026/11/22 8:00", "听说公交车要停运，是真的吗"),
        };
        file += &format!("H{row:05},{time},热线,{text}，第{row}个,\r\n").replace(",，第8个", ",");
    }
    file
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn put(office: &Office, path: &str, content: &[u8]) -> PathBuf {
    let path = office.installation.folder().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

/// `chengqing report import`, ready to run.
fn command(office: &Office, file: &Path, more: &[&str]) -> Command {
    let ports = office.installation.ports();
    let mut command = Command::new(program("chengqing"));
    command
        .args(["report", "import"])
        .arg(file)
        .args(["--approval-url", &format!("http://127.0.0.1:{}", ports.approval)])
        .args(["--ingest-url", &format!("http://127.0.0.1:{}", ports.ingest)])
        .args(more)
        .env("CHENGQING_CLIENT_SECRET", &office.installation.secrets().client_secret)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What it printed, and whether it ended well.
async fn imports(office: &Office, file: &Path, more: &[&str]) -> (bool, String) {
    let output = command(office, file, more).output().await.unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.success(), said)
}

async fn kept(office: &Office) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM ingest.report")
        .fetch_one(&superuser(office, "ingest"))
        .await
        .unwrap()
}

/// The three counts of a line such as 共 3 行：收下 1，重复 1，拒收 1.
fn counts(said: &str) -> [usize; 4] {
    let line = said.lines().find(|line| line.starts_with("共 ")).unwrap_or_else(|| panic!("{said}"));
    let numbers: Vec<usize> =
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().unwrap()
}

#[tokio::test]
async fn a_file_that_dies_on_its_way_is_imported_again_and_every_row_is_there_once() {
    const ROWS: usize = 9_000;
    let mut office = Office::open().await;
    let file = put(&office, "hotline.csv", &gbk(&export(ROWS)));

    // Ingest dies after it has committed some of them.
    office.fleet.kill("ingest").await.unwrap();
    office.fleet.start_armed("ingest", "ingest.accept.after_commit").await.unwrap();
    let (well, said) = imports(&office, &file, &[]).await;
    assert!(!well && said.contains("再导入一次"), "{said}");
    office.fleet.wait("ingest").await.unwrap();
    office.fleet.start("ingest").await.unwrap();
    assert!(kept(&office).await > 0, "it died before anything was durable");

    // The command is killed in the middle.
    let mut cut_off =
        command(&office, &file, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let before = kept(&office).await;
    testkit::eventually("some rows are durable", async || (kept(&office).await > before).then_some(())).await;
    cut_off.kill().await.unwrap();

    let refused = office.installation.folder().join("refused.csv");
    let (well, said) = imports(&office, &file, &["--refused", refused.to_str().unwrap()]).await;
    assert!(well, "{said}");
    let [rows, accepted, duplicate, not_taken] = counts(&said);
    assert_eq!((rows, accepted + duplicate + not_taken, not_taken), (ROWS, ROWS, 3), "{said}");
    assert!(duplicate > 0, "{said}");
    assert_eq!(kept(&office).await, i64::try_from(ROWS - 3).unwrap());
    for line in ["第 9 行：", "第 10 行：", "第 11 行："] {
        assert!(said.contains(line), "{said}");
    }

    // The refused rows are mended and imported; what was there before is known.
    let mended = std::fs::read_to_string(&refused).unwrap();
    assert!(mended.starts_with('\u{feff}') && mended.lines().count() == 4, "{mended}");
    let mended = mended.replace("上周", "2026-11-21 09:00").replace(" EST", "");
    let mended = mended.replace("\"热线\",\"\"", "\"热线\",\"听说第8路公交车要停运\"");
    let mended = put(&office, "mended.csv", mended.as_bytes());
    assert_eq!(counts(&imports(&office, &mended, &[]).await.1), [3, 3, 0, 0]);
    assert_eq!(counts(&imports(&office, &file, &[]).await.1), [ROWS, 0, ROWS - 3, 3]);
    let (well, said) = imports(&office, &mended, &["--english"]).await;
    assert!(well && said.starts_with("3 rows: accepted 0, duplicate 3, refused 0"), "{said}");
    assert_eq!(kept(&office).await, i64::try_from(ROWS).unwrap());
}

#[tokio::test]
async fn two_days_exports_of_one_name_lose_nobody_and_an_id_of_other_words_is_told() {
    let office = Office::open().await;
    let yesterday = put(
        &office,
        "monday/hotline.csv",
        "渠道,内容\n热线,听说东桥要拆\n热线,问七路车改道没有\n".as_bytes(),
    );
    let today = put(
        &office,
        "tuesday/hotline.csv",
        "渠道,内容\n热线,业主群说今晚停气\n热线,听说中学搬家\n热线,听说东桥要拆\n".as_bytes(),
    );
    assert_eq!(counts(&imports(&office, &yesterday, &[]).await.1), [2, 2, 0, 0]);
    assert_eq!(counts(&imports(&office, &today, &[]).await.1), [3, 2, 1, 0]);
    assert_eq!(kept(&office).await, 4);

    let ids = put(&office, "ids.csv", "编号,内容\nK1,听说停水\nK1,听说停电\nK1,听说停水\n".as_bytes());
    let (_, said) = imports(&office, &ids, &[]).await;
    assert_eq!(counts(&said), [3, 1, 1, 1]);
    assert!(said.contains("第 3 行：") && said.contains("另外的内容"), "{said}");

    let rounded =
        put(&office, "rounded.csv", "编号,内容\n2.02611E+17,听说停气\n2.02611E+17,听说修路\n".as_bytes());
    let (well, said) = imports(&office, &rounded, &[]).await;
    assert!(!well && said.contains("长号码") && said.contains("文本"), "{said}");
    assert_eq!(kept(&office).await, 5);
}

/// The columns of a preview, as the page proposes them, and what else its form says again.
fn proposed(page: &Page) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for select in page.html.split("<select name=\"").skip(1) {
        let name = select.split('"').next().unwrap();
        let select = select.split("</select>").next().unwrap();
        let chosen = select.split("<option value=\"").skip(1).find(|option| option.contains(" selected"));
        fields.push((name.to_owned(), chosen.unwrap().split('"').next().unwrap().to_owned()));
    }
    for name in ["headings", "chosen_for"] {
        let value = page.attributes_where("value", "name", name)[0];
        fields.push((name.to_owned(), value.to_owned()));
    }
    fields
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn the_page_shows_what_will_be_refused_imports_and_remembers_the_columns() {
    let mut office = Office::open().await;
    let file =
        gbk("单,何时,说什么\nA1,2026/11/22 8:00,听说东桥要拆\nA2,上周,听说西桥要拆\nA3,,问七路车改道没有\n");
    let upload = ("周一.CSV", file.clone());
    let duty = office.desk.person("duty").await.unwrap();
    let page = duty.open("/import").await.unwrap().accepted().unwrap();
    let source = [("source", "数字城管")];

    // No heading says where the words are; an officer does.
    let looked = duty.upload(&page, "/import/preview", &source, upload.clone(), false).await.unwrap();
    assert!(looked.says("请把写有来电内容的那一列"), "{}", looked.html);
    let mut chosen = proposed(&looked);
    for (name, field) in [("column_0", "id"), ("column_1", "time"), ("column_2", "text")] {
        chosen.iter_mut().find(|(column, _)| column == name).unwrap().1 = field.to_owned();
    }
    let fields = [&source[..], &borrowed(&chosen)].concat();
    let looked = duty.upload(&page, "/import/preview", &fields, upload.clone(), false).await.unwrap();
    assert_eq!(
        (looked.attribute("data-import-good"), looked.attribute("data-import-refused")),
        (Some("2"), Some("1"))
    );
    assert!(looked.says("时间“上周”看不懂") && looked.says("第 3 行"), "{}", looked.html);
    assert_eq!(kept(&office).await, 0, "looking is not importing");

    // Ingest dies while it imports; the page says so, and the same again takes each row once.
    office.fleet.kill("ingest").await.unwrap();
    office.fleet.start_armed("ingest", "ingest.accept.after_commit").await.unwrap();
    let duty = office.desk.person("duty").await.unwrap();
    let cut_off = duty.upload(&page, "/import/run", &fields, upload.clone(), true).await.unwrap();
    assert!(cut_off.alert().is_some(), "{}", cut_off.html);
    office.fleet.wait("ingest").await.unwrap();
    office.fleet.start("ingest").await.unwrap();
    let duty = office.desk.person("duty").await.unwrap();
    let done =
        duty.upload(&page, "/import/run", &fields, upload.clone(), true).await.unwrap().accepted().unwrap();
    let count = |name: &str| done.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!((count("data-rows"), count("data-refused")), (3, 1));
    assert_eq!(count("data-accepted") + count("data-duplicate"), 2);
    assert!(done.attribute("data-finished").is_some());

    // The refused row, as a file.
    let state =
        done.attributes_where("value", "name", "state")[0].replace("&#34;", "\"").replace("&quot;", "\"");
    let fields = [&fields[..], &[("state", state.as_str())]].concat();
    let refused =
        duty.upload(&page, "/import/refused", &fields, upload, false).await.unwrap().accepted().unwrap();
    assert!(
        refused.html.contains("第 3 行：时间“上周”看不懂") && refused.html.contains("\"A2\",\"上周\""),
        "{}",
        refused.html
    );

    // Tuesday's file of the same source needs no choosing, on the page and by the command.
    let tuesday = gbk("单,何时,说什么\nA4,2026-11-23 08:00,听说中学搬家\n");
    let looked =
        duty.upload(&page, "/import/preview", &source, ("周二.csv", tuesday.clone()), true).await.unwrap();
    assert_eq!(looked.attribute("data-import-good"), Some("1"));
    assert_eq!(kept(&office).await, 2);
    let path = put(&office, "tuesday.csv", &tuesday);
    assert_eq!(counts(&imports(&office, &path, &["--source", "数字城管"]).await.1), [1, 1, 0, 0]);
    let (well, said) = imports(&office, &path, &["--source", "没有的"]).await;
    assert!(!well && said.contains("没有名为“没有的”的来源"), "{said}");

    // A file that cannot be right is stopped, and who does not import sees no form.
    let duty = office.desk.person("duty").await.unwrap();
    let open = ("open.csv", "内容,渠道\n\"停水,热线\n停电,热线\n".as_bytes().to_vec());
    let stopped = duty.upload(&page, "/import/preview", &[], open, false).await.unwrap();
    assert!(stopped.alert().unwrap().contains("第 2 行"), "{}", stopped.html);
    let large = ("large.csv", vec![b'a'; 33 << 20]);
    let too_large = duty.upload(&page, "/import/preview", &[], large, false).await;
    assert!(too_large.is_err() || too_large.unwrap().alert().unwrap().contains("20 MB"));
    assert_eq!(office.page("drafter", "/import").await.status.as_u16(), 403);
    assert_eq!(kept(&office).await, 3);
}
