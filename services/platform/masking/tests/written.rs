//! What is masked and what stays, by example.

use masking::{Kind, find, mask, mask_place};
use proptest::prelude::*;

#[test]
fn what_points_at_a_person_is_replaced_by_what_it_was() {
    for (said, masked) in [
        ("打13812345678问问", "打〔手机号〕问问"),
        ("138 1234 5678", "〔手机号〕"),
        ("138-1234-5678。", "〔手机号〕。"),
        // What is part of a sign is no digit of the number beside it.
        ("℅138 1234 5678℅", "℅〔手机号〕℅"),
        ("138 1234 5678㋀", "〔手机号〕㋀"),
        ("+86 13812345678", "〔手机号〕"),
        ("+8613812345678", "〔手机号〕"),
        ("１３８１２３４５６７８", "〔手机号〕"),
        ("一三八一二三四五六七八", "〔手机号〕"),
        ("身份证110101199003078515", "身份证〔证件号〕"),
        ("身份证11010119900307851X！", "身份证〔证件号〕！"),
        ("110101 19900307 8515", "〔证件号〕"),
        ("卡号6222 0212 3456 7890", "卡号〔卡号〕"),
        ("6222021234567890123", "〔卡号〕"),
        ("电话0571-88886666", "电话〔号码〕"),
        ("座机88886666", "座机〔号码〕"),
        ("写信到 zhang.san@example.com 吧", "写信到 〔邮箱〕 吧"),
        ("@青岚小王 快看", "@〔用户〕 快看"),
        ("加微信：abc_12345 领取", "加微信：〔账号〕 领取"),
        ("加vx abc12345", "加vx 〔账号〕"),
        ("QQ群123456", "QQ群〔账号〕"),
        ("wxid_a1b2c3d4", "〔账号〕"),
        ("我叫张伟，住青岚县城关镇幸福小区3栋2单元501室", "我叫〔姓名〕，住青岚县〔地址〕"),
        ("姓名：李四 电话：13812345678", "姓名：〔姓名〕 电话：〔手机号〕"),
        ("车牌浙A·88888撞了人", "车牌〔车牌〕撞了人"),
    ] {
        assert_eq!(mask(said), masked, "{said}");
    }
}

#[test]
fn one_message_in_every_dress_shows_nobody() {
    let said = "网传城北停水是真的吗？我叫张伟，电话138，1234，5678，或138\n1234\n5678，1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣，座机8888-6666、\
                0571 8888 6666、88886666千万打，护照E12345678，港澳证H1234567890，香港身份证A123456(7)，车牌浙A12345，微信id：abc12345，\
                住幸福小区3栋2单元501";
    assert_eq!(
        mask(said),
        "网传城北停水是真的吗？我叫〔姓名〕，电话〔手机号〕，或〔手机号〕，〔手机号〕，座机〔号码〕、〔号码〕、〔号码〕千万打，护照〔证件号〕，\
         港澳证〔证件号〕，香港身份证〔证件号〕，车牌〔车牌〕，微信id：〔账号〕，住〔地址〕"
    );
}

#[test]
fn a_notice_to_everybody_and_angry_faces_stay_readable() {
    for (said, masked) in [
        ("/::@小区又要停水三天了是真的吗", "/::@小区又要停水三天了是真的吗"),
        ("/:,@P这次高考成绩要作废是真的吗", "/:,@P这次高考成绩要作废是真的吗"),
        ("@所有人今晚十点全市停水请大家做好储水准备", "@所有人今晚十点全市停水请大家做好储水准备"),
        ("@全体业主县幼儿园食堂查出过期肉", "@全体业主县幼儿园食堂查出过期肉"),
        ("@王师傅你看看这个：@所有人明天起高速封路三天", "@〔用户〕你看看这个：@所有人明天起高速封路三天"),
        ("@今晚十点停水", "@今晚十点停水"),
        ("@all 今晚停水", "@all 今晚停水"),
    ] {
        assert_eq!(mask(said), masked, "{said}");
    }
}

#[test]
fn days_prices_and_times_stay() {
    for said in [
        "网传停水时间2026.11.30-2026.12.05是真的吗",
        "停水通知：2026-11-30 2026-12-05，是真的吗",
        "教室6203 2026 1130 0830开考，是真的吗",
        "网传菜价 13.5 14.2 15.8 16.1 是真的吗",
        "听说3路车改点 13:00 15:00 换成 138 159 200 分钟一班",
        "回执号000417Y",
        "编号QL-0417",
    ] {
        assert_eq!(mask(said), said);
    }
}

#[test]
fn a_unit_spares_a_number_only_where_nothing_says_whose_it_is() {
    assert_eq!(mask("罚款88886666元"), "罚款88886666元");
    for said in
        ["88886666千万别信", "电话88886666人工", "打88886666万一", "拨88886666公司", "电话88886666美女"]
    {
        assert!(!mask(said).contains("8888"), "{said} → {}", mask(said));
    }
}

#[test]
fn in_an_address_the_path_stays_and_a_parameter_that_names_a_person_goes() {
    for (said, masked) in [
        (
            "https://www.douyin.com/video/7301234567890123456",
            "https://www.douyin.com/video/7301234567890123456",
        ),
        (
            "https://a.example.cn/x?id=2651234567&t=1795300000123",
            "https://a.example.cn/x?id=2651234567&t=1795300000123",
        ),
        ("https://a.example.cn/x?phone=13812345678&id=7", "https://a.example.cn/x?phone=〔手机号〕&id=7"),
        ("https://a.example.cn/x?u=13812345678，快看", "https://a.example.cn/x?u=〔手机号〕，快看"),
        ("https://a.example.cn/x?id_card=11010519491231002X", "https://a.example.cn/x?id_card=〔证件号〕"),
        ("https://a.example.cn/x?q=zhang%40example.com", "https://a.example.cn/x?q=〔邮箱〕"),
        ("https://a.example.cn/x，13812345678", "https://a.example.cn/x，〔手机号〕"),
    ] {
        assert_eq!(mask(said), masked, "{said}");
    }
}

#[test]
fn of_a_place_only_the_district_stays() {
    for (place, kept) in [
        ("青岚县城关镇幸福小区3栋2单元501", "青岚县〔地址〕"),
        ("浙江省青岚市青岚县建设路88号", "浙江省青岚市青岚县〔地址〕"),
        ("幸福小区3栋", "〔地址〕"),
        ("河西区", "河西区"),
        ("", ""),
    ] {
        assert_eq!(mask_place(place), kept, "{place}");
    }
}

#[test]
fn what_is_found_says_where_and_what_it_is() {
    let text = "承办人微信 wxid_abcdef123456。";
    let found = find(text);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, &text[found[0].range.clone()]), (Kind::Account, "wxid_abcdef123456"));
}

/// Texts of what masking looks for, and of anything else.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "138",
        "1234",
        "5678",
        "13812345678",
        "电话",
        "微信",
        "号：",
        "abc12345",
        "@",
        "王师傅",
        "所有人",
        "，",
        "\n",
        " ",
        "-",
        "我叫",
        "张伟",
        "住",
        "幸福小区",
        "3栋",
        "501",
        "护照",
        "E12345678",
        "浙A",
        "12345",
        "〔手机号〕",
        "〔",
        "〕",
        "https://a.cn/x?phone=",
        "1️⃣",
        "①",
        "壹",
        "x",
        "X",
        "l",
        "O",
        "\u{200B}",
        "/::@",
        "qq.com",
        "元",
        "万",
        "62220212",
        "2026",
        ".",
        "110105",
        "19491231",
        "002X",
        "车牌",
        "(",
        ")",
    ]);
    let written = prop::collection::vec(parts, 0..14).prop_map(|parts| parts.concat());
    prop_oneof![written, "\\PC{0,80}", ".{0,60}"]
}

proptest! {
    #[test]
    fn what_is_not_found_stays_byte_for_byte(text in texts()) {
        let found = find(&text);
        let mut kept = String::new();
        let mut masked = String::new();
        let mut end = 0;
        for found in &found {
            prop_assert!(end <= found.range.start && found.range.start < found.range.end);
            let between = text.get(end..found.range.start);
            prop_assert!(between.is_some() && text.get(found.range.clone()).is_some());
            kept.push_str(between.unwrap_or_default());
            masked.push_str(between.unwrap_or_default());
            masked.push_str(found.kind.label());
            end = found.range.end;
        }
        masked.push_str(&text[end..]);
        kept.push_str(&text[end..]);
        prop_assert!(kept.chars().count() <= text.chars().count());
        if find(&masked).is_empty() {
            prop_assert_eq!(mask(&text), masked);
        }
    }

    #[test]
    fn masking_twice_changes_nothing_more(text in texts()) {
        let once = mask(&text);
        prop_assert_eq!(mask(&once), once);
    }

    #[test]
    fn no_mobile_number_survives_whatever_stands_between_its_groups(
        before in "[^\\p{L}\\p{N}]{0,6}|[一-龥]{0,8}[，。 ]",
        head in 130u64..200,
        tail in 0u64..100_000_000,
        sign in prop::sample::select(vec!["", " ", "-", ".", "  ", " - ", "－", "，", ",", "/", "、", "~", "|", "\n", "----", "📱", "\u{200B}"]),
        after in "[^\\p{L}\\p{N}]{0,6}|[，。 ][一-龥]{0,8}",
    ) {
        let mobile = format!("{head}{tail:08}");
        let written = format!("{before}{}{sign}{}{sign}{}{after}", &mobile[..3], &mobile[3..7], &mobile[7..]);
        let digits: String = mask(&written).chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(digits, "", "{}", written);
    }

    #[test]
    fn no_unbroken_mobile_number_survives_among_letters(before in "[a-z 。微信号]{0,10}", tail in 0u64..1_000_000_000, after in "[a-z 。微信]{0,10}") {
        let written = format!("{before}13{tail:09}{after}");
        let masked = mask(&written);
        let longest = masked.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        prop_assert!(longest.unwrap_or(0) < 7, "{written} → {masked}");
    }
}
