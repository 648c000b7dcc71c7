//! What the words before a number say that it is.

use crate::reading::{BLOCK, Reading};

/// So many characters before a number are heard.
const CHARS_MAX: usize = 10;

/// Words that only count right before a number.
const NEAR_CHARS_MAX: usize = 2;

/// What a number is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A telephone.
    Phone,
    /// A bank card or an account at a bank.
    Card,
    /// A paper of a person.
    Paper,
    /// A plate.
    Plate,
    /// The number of a notice, a batch, a flight: it points at no person.
    Thing,
    /// A price, a count, a measure.
    Amount,
}

const WORDS: &[(Said, &[&str])] = &[
    (
        Said::Phone,
        &[
            "电话",
            "電話",
            "手机",
            "手機",
            "座机",
            "座機",
            "固话",
            "联系",
            "聯繫",
            "聯絡",
            "联络",
            "致电",
            "來電",
            "来电",
            "热线",
            "传真",
            "短信",
            "咨询",
            "客服",
            "拨打",
            "撥打",
            "拨通",
            "呼叫",
            "机主",
            "失主",
            "打给",
            "打这个",
            "移动电话",
            "tel",
            "phone",
            "mobile",
            "call",
            "whatsapp",
            "fax",
            "dial",
            "☎",
            "☏",
            "✆",
            "📞",
            "📱",
            "📲",
            "微信",
            "电联",
            "私聊",
            "手機號",
        ],
    ),
    (
        Said::Card,
        &[
            "卡号",
            "卡號",
            "银行卡",
            "銀行卡",
            "储蓄卡",
            "信用卡",
            "借记卡",
            "收款",
            "转账",
            "轉賬",
            "汇款",
            "打款",
            "账户",
            "帐户",
            "賬戶",
            "对公",
            "开户行",
            "农行",
            "工行",
            "建行",
            "中行",
            "账号",
            "帐号",
            "卡",
        ],
    ),
    (
        Said::Paper,
        &[
            "身份证",
            "身份證",
            "证件",
            "證件",
            "身份号",
            "护照",
            "護照",
            "通行证",
            "通行證",
            "回乡证",
            "回鄉證",
            "台胞证",
            "台胞證",
            "军官证",
            "士兵证",
            "驾驶证",
            "驾照",
            "社保卡",
            "社保号",
            "医保卡",
            "医保号",
            "学籍号",
            "学籍",
            "居住证",
            "户口",
            "公民身份",
            "港澳证",
            "居留证",
            "居民证",
            "passport",
            "idcard",
            "id",
        ],
    ),
    (Said::Plate, &["车牌", "車牌", "牌照", "牌号", "车号", "号牌"]),
    (
        Said::Thing,
        &[
            "编号",
            "編號",
            "文号",
            "公告",
            "通知",
            "通告",
            "公示",
            "批号",
            "批次",
            "条码",
            "條碼",
            "条形码",
            "型号",
            "案号",
            "标准",
            "订单",
            "单号",
            "运单",
            "航班",
            "车次",
            "邮编",
            "邮政编码",
            "代码",
            "股票",
            "基金",
            "证券",
            "版本",
            "工单",
            "受理号",
            "登记号",
            "备案号",
            "许可证",
            "产品",
            "追溯码",
            "追溯",
            "序列号",
            "回执",
            "受理",
            "档案",
            "流水号",
            "文件",
            "生产日期",
            "备案",
            "准字",
            "网备",
            "网安备",
            "icp",
            "gb",
            "iso",
            "isbn",
            "第",
            "期号",
            "坐标",
            "经度",
            "纬度",
            "图号",
            "桩号",
            "学号",
            "考号",
            "准考证",
            "发票",
            "票号",
            "货号",
            "合同",
        ],
    ),
    (
        Said::Amount,
        &[
            "价", "工资", "罚款", "罚", "奖金", "捐", "投资", "约", "达", "超", "近", "共", "计", "额", "量",
            "播放", "阅读", "点赞", "粉丝", "人口", "金额", "总", "数", "费", "费用", "¥", "￥", "$", "€",
            "房租", "租金", "月租", "补贴", "预算", "收入", "支出", "增至", "降至", "突破", "合计", "面积",
            "浏览", "转发", "评论", "收视",
        ],
    ),
];

/// Verbs that say that the very number behind them is called or written to.
const NEAR: &[(Said, &[&str])] =
    &[(Said::Phone, &["打", "拨", "撥", "呼", "电", "搜", "加", "call"]), (Said::Plate, &["牌"])];

/// What the words before `index` say of the number that begins there: the nearest counts.
pub fn before(reading: &Reading, index: usize) -> Option<Said> {
    let heard = heard(reading, index, CHARS_MAX);
    let near = heard.trim_end_matches(|c: char| !c.is_alphanumeric());
    for &(said, words) in NEAR {
        let ends = words.iter().any(|word| {
            near.rfind(word).is_some_and(|at| {
                near[at + word.len()..].chars().count() < NEAR_CHARS_MAX && !is_other(near, at)
            })
        });
        if ends && nearest(&heard).is_none_or(|(end, _)| end < near.len()) {
            return Some(said);
        }
    }
    nearest(&heard).map(|(_, said)| said)
}

/// True where the words before a number name its kind as `said`.
pub fn says(reading: &Reading, index: usize, said: Said) -> bool {
    before(reading, index) == Some(said)
}

/// The nearest word and where it ends. 号码 says only that a number follows: of what, the word before it.
fn nearest(heard: &str) -> Option<(usize, Said)> {
    let nearest = nearest_word(heard);
    let number = ["号码", "號碼"].iter().filter_map(|word| heard.rfind(word)).max();
    match (nearest, number) {
        (Some((end, said)), Some(at)) if at >= end => {
            Some((at + "号码".len(), if at == end { said } else { Said::Phone }))
        }
        (None, Some(at)) => Some((at + "号码".len(), Said::Phone)),
        _ => nearest,
    }
}

fn nearest_word(heard: &str) -> Option<(usize, Said)> {
    let mut nearest: Option<(usize, usize, Said)> = None;
    for &(said, words) in WORDS {
        for word in words {
            let Some(at) = heard.rfind(word) else { continue };
            let end = at + word.len();
            let is_word = !word.is_ascii() || !heard[..at].ends_with(|c: char| c.is_ascii_alphabetic());
            if is_word && nearest.is_none_or(|(best, length, _)| (end, word.len()) > (best, length)) {
                nearest = Some((end, word.len(), said));
            }
        }
    }
    nearest.map(|(end, _, said)| (end, said))
}

/// 打针, 打折: not to call anybody.
fn is_other(heard: &str, at: usize) -> bool {
    const OTHERS: &[&str] =
        &["打针", "打折", "打工", "打车", "打了", "打死", "电梯", "电费", "电动", "加油", "加价", "加工"];
    OTHERS.iter().any(|other| heard[at..].starts_with(other))
}

/// Up to so many characters before `index`, in lower case, down to the end of a sentence or to what is blocked out.
fn heard(reading: &Reading, index: usize, chars_max: usize) -> String {
    let start = index.saturating_sub(chars_max);
    let before = &reading.chars[start..index];
    let from = before.iter().rposition(|c| *c == BLOCK || "。！？!?；;".contains(*c)).map_or(0, |at| at + 1);
    before[from..].iter().flat_map(|c| c.to_lowercase()).collect()
}
