//! Where somebody lives, where it is said to be so: from the street on to the door. The district stays.

use std::sync::LazyLock;

use regex::Regex;

use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;

/// Words that say that a home follows.
const LEAD: &str = concat!(
    r"(?P<lead>(?:家庭|现|現|户籍|戶籍|收货|收貨|联系|通讯|通信|居住|常住|暂住|详细|详|快递|租房)?(?:住\s?址|地\s?址|户籍地|居住地|收货地)\s?(?:[:：=]|是|为|在)?\s?",
    r"|(?:家|现|現|居|暂|租|搬|我|俺|人|本人|我们|她|他|目前|一直)\s?住\s?(?:在|于|的是)?\s?[:：]?\s?",
    r"|(?:我家|俺家|咱家|家里|家)\s?(?:就)?在\s?",
    r"|(?:现|現)居\s?[:：]?\s?|住\s?(?:在|于)?\s?[:：]?\s?",
    r"|(?:送到|寄到|来|到)我家\s?[:：]?\s?)",
);

/// What names a part of a place.
const PART: &str = concat!(
    r"(?:\p{Han}[\p{Han}A-Za-z0-9]{0,9}?(?:自治州|自治区|自治县|特别行政区|街道办|街道|开发区|工业园|高新区|新区|社区|小区|花园|家园|新村|公寓|大厦|公馆|华庭|广场|大道|胡同|",
    r"名邸|名苑|嘉园|雅苑|宿舍|家属院|安置房|商城|国际|中心|",
    r"省|市|县|縣|区|區|旗|州|盟|镇|鎮|乡|鄉|村|路|街|巷|弄|里|苑|园|園|城|府|庭|湾|灣|坊|院|楼|樓|庄|莊|寨|屯|组|期|号|號))",
);

/// What names a door, a house, a stair.
const DOOR: &str = concat!(
    r"(?:[\s,，\-—–#·第之的]{0,2}(?:[A-Za-z]?[0-9]{1,5}|[A-Za-z]|[一二三四五六七八九十百零〇两东西南北甲乙丙丁]{1,5})[\s]?(?:[\-—–#－之][0-9]{1,4}){0,3}[\s]?",
    r"(?:号楼|號樓|号院|號院|栋|棟|幢|座|单元|單元|室|号门|号|號|弄|巷|楼|樓|层|層|户|戶|房间|房|门|門|组|支队|队)",
    r"|[\s\-—–#]?[0-9]{1,4}[\-—–#－/][0-9]{1,5}(?:[\-—–#－/][0-9]{1,5})*|[\s\-—–]?[0-9]{3,4})",
);

static HOME: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"{LEAD}(?P<place>(?:{PART}\s?){{0,8}}(?P<name>\p{{Han}}{{0,6}}?)(?P<doors>{DOOR}(?:{DOOR}){{0,5}}))"
    );
    Regex::new(&pattern).expect("a constant that tests compile")
});

/// The parts of a place that everybody may know: province, city, district or county.
static DISTRICTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?P<province>\p{Han}{2,8}?(?:省|自治区|特别行政区))?(?P<city>\p{Han}{2,8}?(?:自治州|地区|盟|市))?",
        r"(?P<county>\p{Han}{1,8}?(?:自治县|县|縣|区|區|旗|市))?",
    ))
    .expect("a constant that tests compile")
});

/// How many bytes of a place everybody may know. 小区 and the like are no districts.
fn district(place: &str) -> usize {
    let Some(found) = DISTRICTS.captures(place) else { return 0 };
    let end = |name: &str| found.name(name).map(|part| (part.as_str(), part.end()));
    let is_public = |part: &str| {
        let no_district = [
            "小区", "社区", "街区", "园区", "校区", "片区", "厂区", "院区", "库区", "营区", "景区", "超市",
            "市场", "小區", "社區",
        ];
        !no_district.iter().any(|word| part.ends_with(word))
            && !part.contains(['路', '街', '号', '栋', '村', '镇', '巷'])
    };
    let parts = ["province", "city", "county"].into_iter().filter_map(end);
    parts.take_while(|(part, _)| is_public(part)).last().map_or(0, |(_, end)| end)
}

/// What stands before 住 where nobody lives: 堵住, 记住, 入住.
const NOT_LIVING: &str = "记堵困停站稳抓拦围挡封锁堆卡压罩盖拉守撑顶扛接按咬包吸保捂坚靠留入忍抱叫制盯缠绑捆夹拴绊噎瞒骗唬愣呆僵托安埋拖扯逮截扣";

/// A house or a room: without one of them it is no home that anybody finds.
fn is_door(doors: &str, has_street: bool) -> bool {
    let strong =
        ["栋", "棟", "幢", "号楼", "號樓", "单元", "單元", "室", "座", "弄", "房", "号门", "户", "号院"];
    let digits = doors.chars().filter(char::is_ascii_digit).count();
    strong.iter().any(|word| doors.contains(word))
        || (doors.contains(['-', '—', '–', '#']) && digits >= 3)
        || (has_street && (doors.contains(['号', '號', '组', '队', '楼', '巷']) || digits >= 3))
}

/// True where the place is said to be an office's or a shop's: everybody may go there.
fn is_office(reading: &Reading, lead: &regex::Match<'_>) -> bool {
    const OFFICES: &[&str] = &[
        "派出所",
        "单位",
        "單位",
        "公司",
        "医院",
        "醫院",
        "学校",
        "學校",
        "幼儿园",
        "幼稚園",
        "红十字会",
        "酒店",
        "餐厅",
        "餐廳",
        "饭店",
        "门店",
        "门市",
        "店铺",
        "商店",
        "超市",
        "超商",
        "政府",
        "大厅",
        "窗口",
        "活动",
        "办公",
        "营业",
        "局",
        "中心",
        "工厂",
        "厂址",
        "注册",
        "采样点",
        "接种点",
        "捐赠",
        "仓库",
    ];
    const PRIVATE: &[&str] = &["住址", "家庭", "收货", "收貨", "户籍", "居住", "现住", "常住", "快递", "家"];
    if !lead.as_str().contains('址') || PRIVATE.iter().any(|word| lead.as_str().contains(word)) {
        return false;
    }
    let start = reading.index(lead.start());
    let before = reading.slice(start.saturating_sub(10)..start);
    // Of this clause only.
    let before =
        before.rsplit(['，', ',', '。', '！', '!', '？', '?', '；', ';', '\n']).next().unwrap_or_default();
    OFFICES.iter().any(|office| before.contains(office))
}

/// Takes the homes.
pub fn find(reading: &Reading, taken: &mut Taken) {
    if !["住", "址", "家", "籍地", "收货地", "现居", "現居"].iter().any(|word| reading.text.contains(word))
    {
        return;
    }
    let mut from = 0;
    while let Some(found) = HOME.captures_at(&reading.text, from) {
        let (Some(lead), Some(place), Some(doors)) =
            (found.name("lead"), found.name("place"), found.name("doors"))
        else {
            break;
        };
        let next = lead.as_str().chars().next().map_or(1, char::len_utf8);
        from = lead.start() + next;
        let lives = reading.before(reading.index(lead.start())).is_none_or(|c| !NOT_LIVING.contains(c))
            && !lead.as_str().starts_with(|c| NOT_LIVING.contains(c));
        // 住院部3号楼, 住宅楼: nobody's home.
        let is_other = [
            "院", "宅", "房", "户", "宿", "建局", "建部", "建委", "建厅", "建系", "建领", "建行", "建主",
            "建方",
        ]
        .iter()
        .any(|word| lead.as_str().trim_end().ends_with('住') && place.as_str().starts_with(word));
        if is_office(reading, &lead) {
            continue;
        }
        let street = &place.as_str()[..doors.start() - place.start()];
        let name = found.name("name").map_or("", |name| name.as_str());
        let has_street = street.len() > name.len();
        if !lives || is_other || !is_door(doors.as_str(), has_street) {
            continue;
        }
        let numerals =
            doors.as_str().chars().filter(|c| c.is_ascii_digit() || "一二三四五六七八九十".contains(*c));
        let is_vague = street.is_empty()
            && !doors.as_str().contains(|c: char| c.is_ascii_digit())
            && numerals.count() < 2;
        if is_vague {
            continue;
        }
        // A name that no street or village ends is only one before a house.
        let is_sentence =
            ["的", "了", "人", "说", "天", "是", "有", "听"].iter().any(|word| name.contains(word));
        if is_sentence {
            continue;
        }
        let district = district(place.as_str()).min(doors.start() - place.start());
        let chars = reading.indices(place.start() + district..place.end());
        from = place.end();
        taken.take(chars, Kind::Home);
    }
}

/// The label of a place as a telephone sends it, with nothing of it left but the district.
#[must_use]
pub fn mask_place(label: &str) -> String {
    if label.trim().is_empty() {
        return String::new();
    }
    let reading = Reading::of(label);
    let district = district(&reading.text);
    let end = reading.original(0..reading.index(district)).end;
    let kept = if district == 0 { "" } else { &label[..end] };
    if kept.len() == label.len() { kept.to_owned() } else { format!("{kept}{}", Kind::Home.label()) }
}
