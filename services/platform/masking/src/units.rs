//! What stands behind a number and says that it counts something.

use crate::reading::Reading;

/// Words behind an amount.
const UNITS: &[&str] = &[
    "元", "块", "圆", "亿", "人", "名", "户", "条", "次", "吨", "斤", "公斤", "公里", "公顷", "公升", "千米",
    "千瓦", "千克", "千伏", "千元", "千人", "千吨", "千卡", "美元", "美金", "米", "毫", "厘米", "平方",
    "立方", "亩", "度", "分钟", "秒", "年", "件", "台", "辆", "套", "只", "头", "份", "票", "赞", "粉", "股",
    "倍", "例", "个", "克", "升", "瓦", "伏", "%", "用户", "好友", "步", "位", "家", "篇", "字",
];

/// Words that begin as a unit does and are none.
const NO_UNITS: &[&str] = &[
    "人工",
    "人民",
    "人员",
    "人家",
    "人才",
    "人肉",
    "人事",
    "人社",
    "名字",
    "名称",
    "条件",
    "度假",
    "年轻",
    "件事",
    "份子",
    "个人",
    "个体",
    "头条",
    "只要",
    "只能",
    "只是",
    "只有",
    "股份",
    "股票",
    "粉丝团",
    "米其",
    "台湾",
    "套餐",
    "套路",
    "次日",
    "户籍",
    "户口",
    "块头",
];

/// True where a unit stands behind the number that ends before `index`.
pub fn follows(reading: &Reading, index: usize) -> bool {
    let behind: String = reading.chars[index..].iter().skip_while(|c| **c == ' ').take(4).collect();
    // 万 and 千万 count on only before what is counted.
    let counted = behind.strip_prefix("多").unwrap_or(&behind);
    let (counted, is_large) = match counted.strip_prefix("千万").or_else(|| counted.strip_prefix("万")) {
        Some(rest) => (rest, true),
        None => (counted, false),
    };
    let counts = !NO_UNITS.iter().any(|word| counted.starts_with(word))
        && UNITS.iter().any(|unit| counted.starts_with(unit));
    counts || (is_large && !counted.starts_with(crate::reading::is_han))
}
