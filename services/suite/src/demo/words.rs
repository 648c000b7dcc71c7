//! The words of the demo story. All of it is invented; 青岚县 does not exist.

/// A: what a citizen asks that nobody has answered yet.
pub const A_MESSAGE: &str = "群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？";
/// A: the article's title.
pub const A_TITLE: &str = "青岚县没有地震预报，网传“明天凌晨3点地震”不实";
/// A: its summary.
pub const A_SUMMARY: &str = "县应急管理局核实：未收到、也未发布涉及青岚县的地震预报。地震预报意见由国务院和省级人民政府统一发布，目前的科学水平无法准确到几点几分。请勿转发，以官方发布为准。";
/// A: 网传.
pub const A_CLAIM: &str = "微信群流传“明天凌晨3点青岚县有7级地震”。";
/// A: 核查.
pub const A_CHECK: &str = "县应急管理局书面答复：未收到、未发布涉及我县的地震预报。";
/// A: 结论.
pub const A_CONCLUSION: &str = "不实。";
/// A: 依据.
pub const A_BASIS: &str = "《中华人民共和国防震减灾法》第二十九条：国家对地震预报意见实行统一发布制度。";
/// A: 提醒.
pub const A_ADVICE: &str = "请勿转发；如感到晃动，就近避险，远离外墙和玻璃。（演示）";
/// A: the microblog post, without its link.
pub const A_POST: &str = "【青岚县没有地震预报】网传“明天凌晨3点青岚县有7级地震”不实。县应急管理局核实：未收到、未发布涉及我县的地震预报。地震预报意见由国务院和省级人民政府统一发布。请勿转发。";

/// B: what a citizen asks that was answered before.
pub const B_MESSAGE: &str = "听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗";
/// B: the claim's sentence.
pub const B_SENTENCE: &str = "城东市场西瓜打甜水针，有孩子吃了住院";
/// B: the article's title.
pub const B_TITLE: &str = "城东市场西瓜抽检合格，“打针西瓜”传言不实";
/// B: its summary.
pub const B_SUMMARY: &str = "县市场监管局抽检城东市场西瓜12批次，甜蜜素、糖精钠均未检出；核实期内未接到食用西瓜后就诊的报告。打针会留下针孔，西瓜很快变质。";
/// B: 网传.
pub const B_CLAIM: &str = "城东市场西瓜打甜水针，有孩子吃了住院。";
/// B: 核查.
pub const B_CHECK: &str = "县市场监管局抽检12批次，甜蜜素、糖精钠均未检出；县卫生健康局未接到相关就诊报告。";
/// B: 结论.
pub const B_CONCLUSION: &str = "不实。";
/// B: 依据.
pub const B_BASIS: &str = "检测报告（演示）。";
/// B: 提醒.
pub const B_ADVICE: &str = "发现可疑食品请拨12315。";
/// B: the microblog post, without its link.
pub const B_POST: &str = "【城东市场西瓜抽检合格】网传“西瓜打甜水针”不实。县市场监管局抽检12批次，甜蜜素、糖精钠均未检出。打针会留针孔，西瓜很快变质。发现可疑食品请拨12315。";

/// The standing replies of the sample office, by key.
pub const STANDING_REPLIES: [(&str, &str); 7] = [
    (
        "receipt",
        "收到，回执号{code}。值班人员会核实，结果发到这里。核实前请勿转发；遇险请拨110、119、120。超过48小时微信不允许我们主动发消息，回复“结果”即可查询。",
    ),
    (
        "question",
        "您的咨询已收到，回执号{code}。办事问题请拨12345政务服务便民热线，或在本号菜单“办事指南”中查询。",
    ),
    (
        "complaint",
        "您的诉求已收到，回执号{code}。投诉和求助事项由12345政务服务便民热线受理，请拨12345，会有专人登记办理。",
    ),
    ("help", "如遇危险，请立即拨打110、119、120！本号不能代替报警。值班人员已收到提醒，回执号{code}。"),
    ("observation", "感谢告知，回执号{code}。情况已转主管部门，如需进一步了解会在这里联系您。"),
    ("other", "您好，这里是青岚县辟谣平台（演示）。看到拿不准的传言，把原话或截图发来，我们核实后答复您。"),
    ("welcome", "欢迎关注青岚县辟谣平台（演示）。看到拿不准的传言，把原话发来，我们核实后答复您。"),
];

/// 核查中: what those who ask meanwhile are told.
pub const HOLDING_TITLE: &str = "“明天凌晨3点青岚县有7级地震”正在核查";
/// Its text.
pub const HOLDING_TEXT: &str = "关于“明天凌晨3点青岚县有7级地震”的说法，县应急管理局正在核查。截至目前没有收到地震预报，请勿转发，结果将在这里告知。";

/// What the department is asked.
pub const QUESTION: &str = "是否收到或发布过涉及我县的地震预报？请附依据。";
/// What it answers.
pub const FACTS: &str = "未收到、未发布涉及我县的地震预报。地震预报意见由国务院和省级人民政府统一发布。";
/// What that rests on.
pub const EVIDENCE: &str = "《中华人民共和国防震减灾法》第二十九条；县应急管理局值班记录（演示）。";

/// Forty ways to say A, as they go around in chat groups.
pub fn variants() -> Vec<String> {
    let openings = [
        "",
        "紧急通知：",
        "刚收到消息，",
        "朋友圈都在说，",
        "转发：",
        "听说",
        "家长群里说，",
        "业主群通知，",
    ];
    let whens = ["明天凌晨3点", "明天凌晨三点", "明早3点", "明天凌晨3点左右", "明天凌晨3点钟"];
    let whats = [
        "青岚县有7级地震，大家别睡屋里",
        "青岚县要发生7级地震，让大家别睡屋里",
        "我们青岚县有七级地震，千万别在屋里睡",
        "青岚县会有7级大地震，都别睡屋里",
    ];
    let endings = ["", "，是真的吗？", "，快转给家人！", "，谁知道真假"];
    (0..40)
        .map(|number| {
            format!(
                "{}{}{}{}",
                openings[number % openings.len()],
                whens[number % whens.len()],
                whats[number % whats.len()],
                endings[(number / 3) % endings.len()],
            )
        })
        .collect()
}

/// What comes along with them and is no report.
pub const NOT_REPORTS: [&str; 2] =
    ["身份证怎么补办", "我要投诉，小区门口的垃圾一个星期没人清，打电话也没人管"];
