//! What a column is called, by whom and in which language, and what it therefore holds.

use crate::dress::half_width;
use crate::field::Field;

/// Headings of each field, as [`same_heading`] compares them; the likelier first where a file has several of one.
const SYNONYMS: &[(Field, &[&str])] = &[
    (
        Field::Text,
        &[
            "text",
            "content",
            "contents",
            "内容",
            "网传内容",
            "线索内容",
            "诉求内容",
            "来电内容",
            "反映内容",
            "留言内容",
            "咨询内容",
            "投诉内容",
            "举报内容",
            "求助内容",
            "通话内容",
            "受理内容",
            "工单内容",
            "事项内容",
            "主要内容",
            "具体内容",
            "信件内容",
            "信息内容",
            "消息内容",
            "内容描述",
            "诉求描述",
            "问题描述",
            "事件描述",
            "情况描述",
            "反映问题",
            "来电诉求",
            "群众诉求",
            "市民诉求",
            "诉求",
            "正文",
            "文本",
            "留言",
            "线索",
            "描述",
            "详情",
            "详细内容",
            "反映情况",
            "问题",
            "消息",
            "原话",
            "message",
            "body",
            "description",
            "details",
            "words",
            "report",
            "claim",
            "question",
            "內容",
            "訴求內容",
        ],
    ),
    (
        Field::Id,
        &[
            "id",
            "编号",
            "工单编号",
            "工单号",
            "工单id",
            "单号",
            "流水号",
            "受理编号",
            "受理单号",
            "受理号",
            "登记编号",
            "记录编号",
            "记录号",
            "业务编号",
            "事件编号",
            "诉求编号",
            "来电编号",
            "信件编号",
            "案件编号",
            "线索编号",
            "留言编号",
            "任务编号",
            "通话编号",
            "唯一标识",
            "标识",
            "编码",
            "ticketid",
            "ticketno",
            "ticket",
            "caseid",
            "caseno",
            "casenumber",
            "orderid",
            "orderno",
            "recordid",
            "recordno",
            "externalid",
            "reportid",
            "messageid",
            "msgid",
            "uuid",
            "guid",
            "編號",
        ],
    ),
    (
        Field::Time,
        &[
            "time",
            "时间",
            "来电时间",
            "留言时间",
            "受理时间",
            "反映时间",
            "诉求时间",
            "接听时间",
            "通话时间",
            "登记时间",
            "创建时间",
            "提交时间",
            "投诉时间",
            "上报时间",
            "报告时间",
            "发布时间",
            "日期时间",
            "录入时间",
            "建单时间",
            "saidtime",
            "said",
            "calltime",
            "datetime",
            "timestamp",
            "createdat",
            "createtime",
            "createdtime",
            "createdon",
            "created",
            "receivedat",
            "submittedat",
            "時間",
            "來電時間",
        ],
    ),
    (
        Field::Date,
        &[
            "date",
            "日期",
            "来电日期",
            "受理日期",
            "登记日期",
            "反映日期",
            "留言日期",
            "创建日期",
            "calldate",
            "day",
        ],
    ),
    (
        Field::Channel,
        &[
            "channel",
            "渠道",
            "来源渠道",
            "受理渠道",
            "诉求渠道",
            "来电渠道",
            "信息来源",
            "诉求来源",
            "工单来源",
            "来源",
            "来源方式",
            "受理方式",
            "反映方式",
            "途径",
            "受理途径",
            "source",
            "via",
            "origin",
        ],
    ),
    (
        Field::Reporter,
        &[
            "reporter",
            "留言人",
            "openid",
            "来电号码",
            "主叫号码",
            "来电电话",
            "联系电话",
            "联系方式",
            "手机号",
            "手机号码",
            "手机",
            "电话号码",
            "电话",
            "来电人",
            "反映人",
            "诉求人",
            "举报人",
            "投诉人",
            "求助人",
            "报告人",
            "来信人",
            "联系人",
            "市民",
            "市民姓名",
            "群众姓名",
            "姓名",
            "来电人姓名",
            "申请人",
            "用户",
            "昵称",
            "phone",
            "phonenumber",
            "tel",
            "telephone",
            "mobile",
            "caller",
            "callerid",
            "sender",
            "from",
            "user",
            "name",
            "聯絡電話",
        ],
    ),
    (
        Field::SeenAt,
        &[
            "seenat",
            "出处",
            "网传出处",
            "网传位置",
            "出现位置",
            "看到的地方",
            "群名",
            "所在群",
            "来源群",
            "平台",
            "群",
            "发生地点",
            "事发地点",
            "事发地址",
            "反映地点",
            "地点",
            "地址",
            "seen",
            "place",
            "location",
            "where",
            "group",
            "platform",
            "address",
        ],
    ),
    (Field::AnswerAccount, &["answeraccount", "答复账号", "回复账号", "答复帐号"]),
];

/// Columns that [`crate::refused_csv`] adds, as [`same_heading`] compares them, and that mean nothing when the file comes again.
const ADDED: [&str; 4] = ["拒收原因", "reasonrefused", "原文件的行", "lineasitwas"];

/// A heading as it is compared: half width, small, without blanks, marks, and what stands in brackets.
#[must_use]
pub fn same_heading(heading: &str) -> String {
    let mut depth = 0_u32;
    half_width(heading)
        .chars()
        .filter(|c| {
            match c {
                '(' | '[' | '{' | '【' | '〔' => depth += 1,
                ')' | ']' | '}' | '】' | '〕' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0 && c.is_alphanumeric()
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// A heading that stands in brackets as a whole is what is in them.
fn compared(heading: &str) -> String {
    let outside = same_heading(heading);
    if !outside.is_empty() {
        return outside;
    }
    half_width(heading).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How well a heading names a field: the lower the likelier.
fn meaning(heading: &str) -> Option<(Field, usize)> {
    let compared = compared(heading);
    SYNONYMS
        .iter()
        .find_map(|(field, names)| names.iter().position(|name| *name == compared).map(|rank| (*field, rank)))
}

/// True for a column that was added to a file of refused rows.
pub fn is_added(heading: &str) -> bool {
    ADDED.contains(&compared(heading).as_str())
}

/// What each column of a table holds; `None` for columns that are not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<Option<Field>>,
}

impl Mapping {
    /// What the headings say.
    #[must_use]
    pub fn guessed(headings: &[String]) -> Self {
        Self::remembered(headings, &[])
    }

    /// What was said of these headings before, and of the others what they say themselves. A heading that was said to
    /// mean nothing stays so.
    #[must_use]
    pub fn remembered(headings: &[String], known: &[(String, Option<Field>)]) -> Self {
        let mut columns: Vec<Option<Field>> = vec![None; headings.len()];
        let known_as: Vec<Option<Option<Field>>> = headings
            .iter()
            .map(|heading| {
                let compared = compared(heading);
                known.iter().find(|(name, _)| self::compared(name) == compared).map(|(_, field)| *field)
            })
            .collect();
        for field in Field::ALL {
            let said = known_as.iter().position(|known| *known == Some(Some(field)));
            let guessed = || {
                let unsaid = |column: &usize| known_as[*column].is_none();
                (0..headings.len())
                    .filter(unsaid)
                    .filter_map(|column| {
                        meaning(&headings[column]).map(|(means, rank)| (means, rank, column))
                    })
                    .filter(|(means, ..)| *means == field)
                    .min_by_key(|(_, rank, _)| *rank)
                    .map(|(.., column)| column)
            };
            if let Some(column) = said.or_else(guessed) {
                columns[column] = Some(field);
            }
        }
        Self { columns }
    }

    /// What somebody chose, column by column; a field that was chosen twice counts where it was first.
    #[must_use]
    pub fn chosen(columns: Vec<Option<Field>>) -> Self {
        let mut chosen = Self { columns };
        for column in 1..chosen.columns.len() {
            if chosen.columns[column].is_some() && chosen.columns[..column].contains(&chosen.columns[column])
            {
                chosen.columns[column] = None;
            }
        }
        chosen
    }

    /// What each column holds.
    #[must_use]
    pub fn columns(&self) -> &[Option<Field>] {
        &self.columns
    }

    /// Where a field stands.
    #[must_use]
    pub fn column(&self, field: Field) -> Option<usize> {
        self.columns.iter().position(|column| *column == Some(field))
    }
}

/// How many different fields a line names, if it is a line of headings.
pub fn fields_named(cells: &[String]) -> usize {
    Field::ALL
        .into_iter()
        .filter(|field| cells.iter().any(|cell| meaning(cell).is_some_and(|(means, _)| means == *field)))
        .count()
}

/// True where a line of headings says which column holds the words.
pub fn names_text(cells: &[String]) -> bool {
    cells.iter().any(|cell| meaning(cell).is_some_and(|(means, _)| means == Field::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(headings: &[&str]) -> Vec<Option<Field>> {
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Mapping::guessed(&headings).columns
    }

    #[test]
    fn a_heading_is_known_however_it_is_typed() {
        for text in [
            "text",
            " Text ",
            "TEXT",
            "内容",
            "内容：",
            "*内容",
            "内容（必填）",
            "【内容】",
            "诉 求 内 容",
            "Ｔｅｘｔ",
            "\"内容\"",
            "\u{feff}text",
            "内容\n",
            "content",
        ] {
            assert_eq!(guessed(&[text]), [Some(Field::Text)], "{text:?}");
        }
        for id in ["id", "ID", "工单编号", "Ticket ID", "ticket_id", "Case No.", "编 号"] {
            assert_eq!(guessed(&[id]), [Some(Field::Id)], "{id:?}");
        }
        for nothing in ["", "序号", "办理状态", "备注", "拒收原因", "reason refused"] {
            assert_eq!(guessed(&[nothing]), [None], "{nothing:?}");
        }
        for place in ["seen_at", "Seen At", "出处"] {
            assert_eq!(guessed(&[place]), [Some(Field::SeenAt)], "{place:?}");
        }
    }

    #[test]
    fn the_likelier_of_two_columns_is_taken() {
        assert_eq!(guessed(&["问题", "诉求内容"]), [None, Some(Field::Text)]);
        assert_eq!(guessed(&["姓名", "联系电话"]), [None, Some(Field::Reporter)]);
        assert_eq!(guessed(&["日期", "时间"]), [Some(Field::Date), Some(Field::Time)]);
    }

    #[test]
    fn what_was_said_of_a_heading_counts_before_what_it_says() {
        let headings = ["标题", "内容", "备注"].map(str::to_owned);
        let known = [("备注".to_owned(), Some(Field::Text)), ("内容 ".to_owned(), None)];
        assert_eq!(Mapping::remembered(&headings, &known).columns, [None, None, Some(Field::Text)]);
        let twice = Mapping::chosen(vec![Some(Field::Text), Some(Field::Id), Some(Field::Text)]);
        assert_eq!(twice.columns, [Some(Field::Text), Some(Field::Id), None]);
    }

    #[test]
    fn no_heading_means_two_things() {
        let mut seen = std::collections::BTreeSet::new();
        for (_, names) in SYNONYMS {
            for name in *names {
                assert_eq!(&same_heading(name), name, "{name} is never compared so");
                assert!(seen.insert(name), "{name} means two things");
            }
        }
    }
}
