//! G2: nothing unsigned ever reaches the public. At every place where the words lie between the sign-off and the
//! platform, somebody who can write there changes something; nothing of it goes out, and the case says why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contracts::Event;
use contracts::approval::v1::ClarificationSigned;
use contracts::approval::v1::clarification_signed::{Signature, Signed};
use futures::future::join_all;
use ids::{CaseId, ClarificationId, KeyId, PersonId};
use prost::Message;
use serde_json::json;
use signoff::bundle::Bundle;
use signoff::content::{Content, content_hash};
use signoff::enrolment::{ADMINISTRATOR, Enrolment, KeyKind};
use signoff::key::SigningKey;
use signoff::policy::{Policy, policy_hash};
use signoff::statement::{Gate, Purpose, Statement};
use sqlx::{PgPool, Row};
use suite::demo::{Citizen, Seen, words};
use uuid::Uuid;

use crate::inside::{bus, headers, put, superuser};
use crate::office::{Office, Outcome, boxes, title};

/// Rumors that share no words, so that each opens a claim of its own.
const RUMORS: [&str; 10] = [
    "城北大桥下个月要整体拆除重建",
    "自来水厂昨晚发生了严重爆炸",
    "中心小学从明天起无限期关闭",
    "老车站被外地老板买下来了",
    "人民公园挖出了很多古代金币",
    "青溪水库有野猪伤人好几个",
    "长途客运站要改建成垃圾焚烧厂",
    "体育馆门票涨到五百块一张",
    "东门菜市场查出大量病死猪肉",
    "县医院要把儿科并到隔壁县去",
];

/// Words that nobody ever signed.
const UNSIGNED: &str = "这些字没有任何人签过";

/// Everything between two steps of the clock that a one-time code is good for.
const CODE_STEP: Duration = Duration::from_secs(30);

/// A rumor that somebody asked about, and its case.
struct Matter {
    about: &'static str,
    citizen: Citizen,
    case: String,
}

/// Citizens ask about the first `count` rumors; each opens its case.
async fn matters(office: &mut Office, count: usize) -> Vec<Matter> {
    let citizens = office.outside.citizens(count).await.unwrap();
    let asked: Vec<String> = RUMORS.iter().map(|about| format!("听说{about}，是真的吗")).collect();
    let asking = citizens.iter().zip(&asked).map(|(citizen, asked)| office.outside.send(citizen, asked));
    for delivered in join_all(asking).await {
        delivered.unwrap();
    }
    let mut matters = Vec::with_capacity(count);
    for (about, citizen) in RUMORS.into_iter().zip(citizens) {
        matters.push(Matter { about, citizen, case: office.case_about(about).await });
    }
    matters
}

/// As `Office::signed`, with a fresh one-time code at hand.
async fn signed(office: &mut Office, matter: &Matter, level: &str) -> Seen {
    office.time.advance(CODE_STEP);
    office.signed(&matter.case, matter.about, level).await
}

/// What the public and the citizens got is exactly what three people signed: once each.
async fn assert_out_once(office: &Office, matter: &Matter) {
    let expected =
        Outcome { pushes: 1, posts: 1, answers: BTreeMap::from([(matter.citizen.openid.clone(), 1)]) };
    assert_eq!(office.outcome(&title(matter.about)).await, expected, "{}", matter.about);
}

/// Nobody got anything about this, and nobody ever got words that were not signed.
async fn assert_nothing_out(office: &Office, matter: &Matter, what: &str) {
    assert_eq!(office.outcome(&title(matter.about)).await, Outcome::default(), "{what} was altered");
    assert_nothing_unsigned(office).await;
}

async fn assert_nothing_unsigned(office: &Office) {
    for entry in office.outside.log(0).await.unwrap() {
        let shown = format!("{} {}", entry.title.unwrap_or_default(), entry.text);
        assert!(!shown.contains(UNSIGNED), "unsigned words went out: {shown}");
    }
}

/// The case is a person's task and gives this reason.
async fn assert_case_says(office: &mut Office, matter: &Matter, reason: &str, what: &str) {
    let page = office.page("duty", &format!("/case/{}", matter.case)).await.accepted().unwrap();
    assert!(page.says(reason), "{what} was altered, and the case does not say “{reason}”: {}", page.html);
    assert_eq!(page.attribute("data-case-state"), Some("needs_person"), "{what} was altered");
}

/// Waits until what was planned for a case is refused on all these channels; on every one, if none is named.
async fn refused(office: &mut Office, matter: &Matter, channels: &[&str], what: &str) {
    office
        .until(&format!("nothing goes out after {what} was altered"), async |office| {
            let mut publications = office.publications(&matter.case).await?;
            publications.retain(|(channel, _)| channels.is_empty() || channels.contains(&&**channel));
            let all = publications.len() >= channels.len().max(1);
            (all && publications.iter().all(|(_, state)| state == "refused")).then_some(())
        })
        .await;
    office
        .until(&format!("the case hears that {what} was altered"), async |office| {
            let duty = office.desk.person("duty").await.ok()?;
            let page = duty.open(&format!("/case/{}", matter.case)).await.ok()?.accepted().ok()?;
            (page.attribute("data-case-state") == Some("needs_person")).then_some(())
        })
        .await;
}

async fn public_page(office: &Office, clarification: &str) -> (reqwest::StatusCode, String) {
    let url = format!("{}/c/{clarification}", office.installation.site_url());
    let response = reqwest::get(url).await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// Changes the least that can be changed.
fn flip(bytes: &mut [u8]) {
    *bytes.last_mut().unwrap() ^= 1;
}

/// The same content with other words everywhere.
fn reworded(content: &[u8]) -> Vec<u8> {
    let mut content = Content::decode(content).unwrap();
    for rendition in &mut content.renditions {
        for words in [&mut rendition.title, &mut rendition.summary, &mut rendition.body] {
            UNSIGNED.clone_into(words);
        }
    }
    content.encode().unwrap()
}

// ---- approval's rows ----

/// A change of approval's rows and what the signer then reads. Made a second time it undoes itself.
struct RowChange {
    what: &'static str,
    sql: &'static str,
    reason: &'static str,
}

/// The content ends with the link's placeholder and a count of four bytes, so that the byte changed here is the
/// placeholder's brace and the content can still be read.
const ROW_CHANGES: [RowChange; 10] = [
    RowChange {
        what: "a byte of the content",
        sql: "UPDATE approval.revision
              SET content = set_byte(content, length(content) - 5, get_byte(content, length(content) - 5) # 1)
              WHERE clarification_id = $1",
        reason: "稿件内容与校验码不符",
    },
    RowChange {
        what: "the content hash",
        sql: "UPDATE approval.revision SET content_hash = set_byte(content_hash, 0, get_byte(content_hash, 0) # 1)
              WHERE clarification_id = $1",
        reason: "稿件内容与校验码不符",
    },
    RowChange {
        what: "the content with its hash",
        sql: "WITH changed AS (
                  SELECT set_byte(content, length(content) - 5, get_byte(content, length(content) - 5) # 1) AS content
                  FROM approval.revision WHERE clarification_id = $1
              )
              UPDATE approval.revision SET content = changed.content, content_hash = sha256(changed.content)
              FROM changed WHERE clarification_id = $1",
        reason: "前序签名对应的不是这份内容",
    },
    RowChange {
        what: "a statement",
        sql: "UPDATE approval.step
              SET statement = set_byte(statement, length(statement) - 1, get_byte(statement, length(statement) - 1) # 1)
              WHERE clarification_id = $1 AND purpose = 'second_reviewed'",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "a signature",
        sql: "UPDATE approval.step SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)
              WHERE clarification_id = $1 AND purpose = 'drafted'",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "the policy",
        sql: "UPDATE approval.policy
              SET document = set_byte(document, length(document) - 1, get_byte(document, length(document) - 1) # 1)
              WHERE agency_id = (SELECT agency_id FROM approval.clarification WHERE clarification_id = $1)",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "an administrator's signature",
        sql: "UPDATE approval.policy SET second_signature = set_byte(second_signature, 0, get_byte(second_signature, 0) # 1)
              WHERE agency_id = (SELECT agency_id FROM approval.clarification WHERE clarification_id = $1)",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "an enrolment",
        sql: "UPDATE approval.signing_key
              SET enrolment = set_byte(enrolment, length(enrolment) - 1, get_byte(enrolment, length(enrolment) - 1) # 1)
              WHERE key_id = (SELECT key_id FROM approval.step WHERE clarification_id = $1 AND purpose = 'drafted')",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "the root's signature over an enrolment",
        sql: "UPDATE approval.signing_key
              SET enrolment_signature = set_byte(enrolment_signature, 0, get_byte(enrolment_signature, 0) # 1)
              WHERE key_id = (SELECT key_id FROM approval.step WHERE clarification_id = $1 AND purpose = 'second_reviewed')",
        reason: "签名校验不通过",
    },
    RowChange {
        what: "the root key",
        sql: "UPDATE approval.agency SET root_public_key = set_byte(root_public_key, 0, get_byte(root_public_key, 0) # 1)
              WHERE agency_id = (SELECT agency_id FROM approval.clarification WHERE clarification_id = $1)",
        // Depending on whether the changed bytes still are a key.
        reason: "不能签",
    },
];

#[tokio::test]
async fn what_was_altered_in_approvals_rows_is_not_signed_off() {
    let mut office = Office::open().await;
    let matter = matters(&mut office, 1).await.pop().unwrap();
    let seen = office.draft(&matter.case, matter.about, "everything").await;
    for (login, purpose) in
        [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")]
    {
        office.desk.sign(login, &matter.case, &seen.clarification, purpose).await.unwrap();
    }

    let approval = superuser(&office, "approval");
    let clarification: Uuid = seen.clarification.parse().unwrap();
    for RowChange { what, sql, reason } in ROW_CHANGES {
        let change = async || {
            let changed =
                sqlx::query(sql).bind(clarification).execute(&approval).await.unwrap().rows_affected();
            assert_eq!(changed, 1, "{what}");
        };
        change().await;
        office.time.advance(CODE_STEP);
        let page = office.desk.try_sign("signer", &matter.case, &seen.clarification, "signed").await.unwrap();
        assert!(!page.status.is_success(), "{what} was altered and signed off all the same");
        let alert = page.alert().unwrap_or_default();
        assert!(alert.contains(reason), "{what} was altered; the signer reads “{alert}”");
        assert_case_says(&mut office, &matter, reason, what).await;
        assert_nothing_out(&office, &matter, what).await;
        change().await;
    }
    let announced: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM messaging.outbox WHERE subject = $1 AND position($2 IN payload) > 0",
    )
    .bind(ClarificationSigned::SUBJECT)
    .bind(matter.case.as_bytes())
    .fetch_one(&approval)
    .await
    .unwrap();
    assert_eq!(announced, 0, "something was announced");

    // With every byte back in its place it goes out: what stopped it was the alteration and nothing else.
    office.time.advance(CODE_STEP);
    office.desk.sign("signer", &matter.case, &seen.clarification, "signed").await.unwrap();
    office.all_publications(&matter.case, 3, "confirmed").await;
    office.answered(&matter.case, 1).await;
    assert_out_once(&office, &matter).await;
}

// ---- the announcement: in the outbox, on the bus ----

type Alteration = fn(&mut ClarificationSigned, &ClarificationSigned);

/// What can be done to an announcement; the second is another case's.
const ALTERATIONS: [(&str, Alteration); 9] = [
    ("a word of the content", |event, _| event.content = reworded(&event.content)),
    ("a byte of a statement", |event, _| flip(&mut event.statements[3].document)),
    ("a signature", |event, _| flip(&mut event.statements[3].signatures[0].signature)),
    ("a byte of the policy", |event, _| flip(&mut event.policy.as_mut().unwrap().document)),
    ("a byte of an enrolment", |event, _| flip(&mut event.enrolments[0].document)),
    ("a statement, for another case's", |event, other| event.statements[3] = other.statements[3].clone()),
    ("the chain, by a step left out,", |event, _| {
        event.statements.pop();
    }),
    ("the revision", |event, _| event.revision += 1),
    ("every signature, by leaving all out,", |event, _| {
        event.statements.clear();
        event.enrolments.clear();
        event.policy = None;
    }),
];

/// The announcement of a case in approval's outbox, with its row.
async fn announced(approval: &PgPool, case: &str) -> (i64, ClarificationSigned) {
    let rows = sqlx::query(
        "SELECT sequence, payload FROM messaging.outbox WHERE subject = $1 ORDER BY sequence DESC",
    )
    .bind(ClarificationSigned::SUBJECT)
    .fetch_all(approval)
    .await
    .unwrap();
    rows.into_iter()
        .map(|row| (row.get(0), ClarificationSigned::decode(row.get::<&[u8], _>(1)).unwrap()))
        .find(|(_, event)| event.case_id == case)
        .unwrap()
}

async fn refused_by_ingest(office: &mut Office, count: usize) {
    let ingest = superuser(office, "ingest");
    office
        .until("ingest refuses what does not verify", async |_| {
            let refused: i64 = sqlx::query_scalar("SELECT count(*) FROM ingest.refused_clarification")
                .fetch_one(&ingest)
                .await
                .ok()?;
            (usize::try_from(refused).unwrap() == count).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_was_altered_in_the_outbox_goes_nowhere() {
    let mut office = Office::open().await;
    let mut matters = matters(&mut office, ALTERATIONS.len() + 1).await;
    let untouched = matters.pop().unwrap();
    office.nats.kill().await.unwrap();
    let mut clarifications = Vec::new();
    for matter in &matters {
        clarifications.push(signed(&mut office, matter, "everything").await.clarification);
    }
    let published = signed(&mut office, &untouched, "everything").await;
    // With the process goes whatever its connection may still hold for the bus: only the rows are left.
    office.fleet.kill("approval").await.unwrap();

    let approval = superuser(&office, "approval");
    let (_, other) = announced(&approval, &untouched.case).await;
    for (matter, (what, alter)) in matters.iter().zip(ALTERATIONS) {
        let (sequence, mut event) = announced(&approval, &matter.case).await;
        alter(&mut event, &other);
        let changed =
            sqlx::query("UPDATE messaging.outbox SET payload = $2 WHERE sequence = $1 AND sent_time IS NULL")
                .bind(sequence)
                .bind(event.encode_to_vec())
                .execute(&approval)
                .await
                .unwrap();
        assert_eq!(changed.rows_affected(), 1, "the announcement left before {what} could be altered");
    }
    office.nats.resume().await.unwrap();
    office.fleet.start("approval").await.unwrap();

    office.all_publications(&untouched.case, 3, "confirmed").await;
    office.answered(&untouched.case, 1).await;
    refused_by_ingest(&mut office, ALTERATIONS.len()).await;
    for ((matter, clarification), (what, _)) in matters.iter().zip(&clarifications).zip(ALTERATIONS) {
        refused(&mut office, matter, &[], what).await;
        assert_case_says(&mut office, matter, "校验未通过", what).await;
        let (status, shown) = public_page(&office, clarification).await;
        assert_eq!(status, reqwest::StatusCode::NOT_FOUND, "{what} was altered: {shown}");
        // Whoever asks again hears nothing of it either.
        let asked = office.outside.send(&matter.citizen, "结果").await.unwrap();
        let reply = asked.reply.unwrap_or_default();
        assert!(!reply.contains(matter.about) && !reply.contains(UNSIGNED), "{what} was altered: {reply}");
        assert_nothing_out(&office, matter, what).await;
    }
    let (status, shown) = public_page(&office, &published.clarification).await;
    assert!(status.is_success() && shown.contains(&title(untouched.about)), "{shown}");
    assert_out_once(&office, &untouched).await;
}

/// Messages that an intruder with approval's own password on the bus would send about a case whose sign-off is
/// missing. `genuine` is what was announced about another case.
fn forgeries(
    genuine: &ClarificationSigned,
    case: CaseId,
    claim: &str,
    waiting: ClarificationId,
) -> Vec<(&'static str, ClarificationSigned)> {
    let about = |clarification: ClarificationId| ClarificationSigned {
        case_id: case.to_string(),
        claim_id: claim.to_owned(),
        clarification_id: clarification.to_string(),
        revision: 1,
        ..genuine.clone()
    };
    let words = |clarification: ClarificationId| {
        let mut content = Content::decode(&reworded(&genuine.content)).unwrap();
        (content.case, content.clarification, content.revision) = (case, clarification, 1);
        content
    };
    let minted = ClarificationId::mint;
    let (for_this_case, nobody, own_keys, nonsense) = (minted(), minted(), minted(), minted());
    vec![
        ("another case's chain", about(waiting)),
        (
            "another case's chain over words for this one",
            ClarificationSigned { content: words(for_this_case).encode().unwrap(), ..about(for_this_case) },
        ),
        (
            "nobody's chain",
            ClarificationSigned {
                content: words(nobody).encode().unwrap(),
                statements: vec![],
                enrolments: vec![],
                policy: None,
                ..about(nobody)
            },
        ),
        ("a chain of keys that nobody enrolled", own_chain(about(own_keys), &words(own_keys), genuine)),
        ("no content at all", ClarificationSigned { content: b"nonsense".to_vec(), ..about(nonsense) }),
        (
            "a further revision of what is public",
            ClarificationSigned {
                revision: genuine.revision + 1,
                content: reworded(&genuine.content),
                ..genuine.clone()
            },
        ),
    ]
}

/// A chain that is right in everything but one thing: no root of this agency ever enrolled its keys.
fn own_chain(
    event: ClarificationSigned,
    content: &Content,
    genuine: &ClarificationSigned,
) -> ClarificationSigned {
    let statement = Statement::decode(&genuine.statements[0].document).unwrap();
    let (from, until) = (statement.signed_at_ms - 1_000, statement.expires_at_ms + 1_000);
    let root = SigningKey::generate();
    let member = |role: &str, purposes: &[Purpose]| {
        let key = SigningKey::generate();
        let enrolment = Enrolment {
            agency: content.agency,
            person: PersonId::mint(),
            display_name: "演示·冒名者".to_owned(),
            key: KeyId::mint(),
            public_key: key.public_key(),
            key_kind: KeyKind::Totp,
            role: role.to_owned(),
            purposes: purposes.to_vec(),
            not_before_ms: from,
            not_after_ms: until,
        };
        (key, enrolment)
    };
    let drafter = member("drafter", &[Purpose::Drafted, Purpose::FirstReviewed]);
    let reviewer = member("reviewer", &[Purpose::SecondReviewed]);
    let signer = member("signer", &[Purpose::Signed]);
    let administrators = [member(ADMINISTRATOR, &[]), member(ADMINISTRATOR, &[])];

    let over = |document: Vec<u8>, by: &[(&SigningKey, Option<KeyId>)]| Signed {
        signatures: by
            .iter()
            .map(|(key, id)| Signature {
                key_id: id.map(|id| id.to_string()).unwrap_or_default(),
                signature: key.sign(&document, *id).bytes.to_vec(),
            })
            .collect(),
        document,
    };
    let policy = Policy::decode(&genuine.policy.as_ref().unwrap().document).unwrap().encode().unwrap();
    let words = content.encode().unwrap();
    let step = |purpose: Purpose, (key, enrolment): &(SigningKey, Enrolment)| {
        let statement = Statement {
            version: content.version,
            purpose,
            agency: content.agency,
            case: content.case,
            clarification: content.clarification,
            revision: content.revision,
            content_hash: content_hash(&words),
            person: enrolment.person,
            key: enrolment.key,
            role: enrolment.role.clone(),
            policy_hash: policy_hash(&policy),
            signed_at_ms: statement.signed_at_ms,
            expires_at_ms: statement.expires_at_ms,
            gates: if purpose == Purpose::Drafted { BTreeSet::new() } else { Gate::ALL.into() },
        };
        over(statement.encode().unwrap(), &[(key, Some(enrolment.key))])
    };
    let statements = vec![
        step(Purpose::Drafted, &drafter),
        step(Purpose::FirstReviewed, &drafter),
        step(Purpose::SecondReviewed, &reviewer),
        step(Purpose::Signed, &signer),
    ];
    let [first, second] = &administrators;
    let everybody = [&drafter, &reviewer, &signer, first, second];
    ClarificationSigned {
        content: words.clone(),
        statements,
        enrolments: everybody
            .into_iter()
            .map(|(_, enrolment)| over(enrolment.encode().unwrap(), &[(&root, None)]))
            .collect(),
        policy: Some(over(policy.clone(), &[(&first.0, Some(first.1.key)), (&second.0, Some(second.1.key))])),
        ..event
    }
}

#[tokio::test]
async fn what_was_forged_on_the_bus_goes_nowhere() {
    let mut office = Office::open().await;
    let mut matters = matters(&mut office, 2).await;
    let (unsigned, published) = (matters.pop().unwrap(), matters.pop().unwrap());
    signed(&mut office, &published, "everything").await;
    office.all_publications(&published.case, 3, "confirmed").await;
    office.answered(&published.case, 1).await;
    let waiting = office.draft(&unsigned.case, unsigned.about, "microblog").await;

    let approval = superuser(&office, "approval");
    let (_, genuine) = announced(&approval, &published.case).await;
    let claim: Uuid = sqlx::query_scalar("SELECT claim_id FROM approval.case_file WHERE case_id = $1")
        .bind(unsigned.case.parse::<Uuid>().unwrap())
        .fetch_one(&approval)
        .await
        .unwrap();
    let forged = forgeries(
        &genuine,
        unsigned.case.parse().unwrap(),
        &claim.to_string(),
        waiting.clarification.parse().unwrap(),
    );
    let intruder = bus(&office, "approval").await;
    let subject = ClarificationSigned::SUBJECT;
    for (_, event) in &forged {
        put(
            &intruder,
            subject,
            headers("approval", office.installation.agency(), subject),
            event.encode_to_vec(),
        )
        .await;
    }
    // The genuine one once more, as a new event: it says nothing new.
    put(
        &intruder,
        subject,
        headers("approval", office.installation.agency(), subject),
        genuine.encode_to_vec(),
    )
    .await;

    let publish = superuser(&office, "publish");
    office
        .until("publish refuses each", async |_| {
            let refused: i64 =
                sqlx::query_scalar("SELECT count(*) FROM publish.clarification WHERE refusal IS NOT NULL")
                    .fetch_one(&publish)
                    .await
                    .ok()?;
            (usize::try_from(refused).unwrap() == forged.len()).then_some(())
        })
        .await;
    refused_by_ingest(&mut office, forged.len()).await;
    for (what, event) in &forged {
        let states: Vec<String> = sqlx::query_scalar(
            "SELECT state FROM publish.publication WHERE clarification_id = $1 AND revision = $2",
        )
        .bind(event.clarification_id.parse::<Uuid>().unwrap())
        .bind(i64::try_from(event.revision).unwrap())
        .fetch_all(&publish)
        .await
        .unwrap();
        assert!(!states.is_empty() && states.iter().all(|state| state == "refused"), "{what}: {states:?}");
    }
    for matter in [&unsigned, &published] {
        office
            .until("the case says that something did not verify", async |office| {
                let duty = office.desk.person("duty").await.ok()?;
                let page = duty.open(&format!("/case/{}", matter.case)).await.ok()?.accepted().ok()?;
                page.says("校验未通过").then_some(())
            })
            .await;
    }
    assert_nothing_out(&office, &unsigned, "a message on the bus").await;
    assert_out_once(&office, &published).await;

    // The office goes on: the next revision of the same words, signed by three people, goes out.
    let next = office
        .desk
        .save_draft(&unsigned.case, Some(&waiting), &boxes(unsigned.about, "microblog"))
        .await
        .unwrap();
    office.time.advance(CODE_STEP);
    office.desk.sign_all(&unsigned.case, &next.clarification).await.unwrap();
    office
        .until("the signed revision goes out", async |office| {
            let publications = office.publications(&unsigned.case).await?;
            let confirmed = publications.iter().filter(|(_, state)| state == "confirmed").count();
            (confirmed == 2).then_some(())
        })
        .await;
    office.answered(&unsigned.case, 1).await;
    let outcome = office.outcome(unsigned.about).await;
    assert_eq!((outcome.pushes, outcome.posts), (0, 1));
    assert_nothing_unsigned(&office).await;
    assert_out_once(&office, &published).await;
}

// ---- the copies that publish and ingest keep ----

/// The copy of a clarification that `table` keeps; both services call the column `bundle`.
async fn kept(pool: &PgPool, read: &'static str, clarification: &str) -> Vec<u8> {
    sqlx::query_scalar(read).bind(clarification.parse::<Uuid>().unwrap()).fetch_one(pool).await.unwrap()
}

async fn keep(pool: &PgPool, write: &'static str, clarification: &str, bundle: &[u8]) {
    let changed = sqlx::query(write)
        .bind(clarification.parse::<Uuid>().unwrap())
        .bind(bundle)
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
}

type CopyAlteration = fn(&[u8], &[u8]) -> Vec<u8>;

/// What can be done to a kept copy; the second is another case's.
const COPY_ALTERATIONS: [(&str, CopyAlteration); 4] = [
    ("a word of the copy", |copy, _| {
        let mut bundle = Bundle::decode(copy).unwrap();
        bundle.content = reworded(&bundle.content);
        bundle.encode().unwrap()
    }),
    ("a signature of the copy", |copy, _| {
        let mut bundle = Bundle::decode(copy).unwrap();
        flip(&mut bundle.statements[3].signatures[0].bytes);
        bundle.encode().unwrap()
    }),
    ("the copy, for another case's,", |_, other| other.to_vec()),
    ("the copy, for nonsense,", |_, _| b"nonsense".to_vec()),
];

async fn hold_back(office: &Office, operation: &str, code: i64) {
    let fault = json!({ "operation": operation, "fault": "errcode", "code": code, "count": 1000 });
    office.outside.fault(&fault).await.unwrap();
}

async fn let_go(office: &Office) {
    let url = format!("{}/_control/faults", office.installation.sandbox_url());
    reqwest::Client::new().delete(url).send().await.unwrap().error_for_status().unwrap();
}

const PUBLISH_READ: &str = "SELECT bundle FROM publish.clarification WHERE clarification_id = $1";
const PUBLISH_WRITE: &str = "UPDATE publish.clarification SET bundle = $2 WHERE clarification_id = $1";

#[tokio::test]
async fn what_was_altered_in_publishs_copy_goes_nowhere() {
    let mut office = Office::open().await;
    let mut matters = matters(&mut office, COPY_ALTERATIONS.len() + 1).await;
    let untouched = matters.pop().unwrap();
    // Both platforms are busy: what is signed waits, verified and planned.
    hold_back(&office, "draft_add", 45011).await;
    hold_back(&office, "share", 20016).await;
    let mut clarifications = Vec::new();
    for matter in matters.iter().chain([&untouched]) {
        clarifications.push(signed(&mut office, matter, "everything").await.clarification);
        office
            .until("publish has verified and planned", async |office| {
                (office.publications(&matter.case).await?.len() == 3).then_some(())
            })
            .await;
    }
    let of_untouched = clarifications.pop().unwrap();

    let publish = superuser(&office, "publish");
    let other = kept(&publish, PUBLISH_READ, &of_untouched).await;
    for (clarification, (_, alter)) in clarifications.iter().zip(COPY_ALTERATIONS) {
        let copy = kept(&publish, PUBLISH_READ, clarification).await;
        keep(&publish, PUBLISH_WRITE, clarification, &alter(&copy, &other)).await;
    }
    // What stands beside the copy is for lists and never goes out.
    sqlx::query("UPDATE publish.publication SET title = $1").bind(UNSIGNED).execute(&publish).await.unwrap();
    let_go(&office).await;

    for ((matter, clarification), (what, _)) in matters.iter().zip(&clarifications).zip(COPY_ALTERATIONS) {
        refused(&mut office, matter, &["wechat", "weibo"], what).await;
        assert_case_says(&mut office, matter, "校验未通过", what).await;
        // The page was public before; it shows what was signed or nothing.
        let (status, shown) = public_page(&office, clarification).await;
        assert!(
            !shown.contains(UNSIGNED) && !shown.contains(untouched.about),
            "{what} was altered, and the page shows it ({status}): {shown}"
        );
    }
    let list = reqwest::get(office.installation.site_url()).await.unwrap().text().await.unwrap();
    assert!(!list.contains(UNSIGNED), "the site's list shows unsigned words: {list}");
    office.all_publications(&untouched.case, 3, "confirmed").await;
    office.answered(&untouched.case, 1).await;
    assert_out_once(&office, &untouched).await;

    // Whoever can alter the copy can also make what was refused look as if it waited.
    let first = clarifications[0].parse::<Uuid>().unwrap();
    let again = sqlx::query(
        "UPDATE publish.publication
         SET state = 'planned', reason = '', due_time = now(), state_revision = state_revision + 1
         WHERE clarification_id = $1 AND state = 'refused'",
    );
    let again = again.bind(first).execute(&publish).await.unwrap();
    assert_eq!(again.rows_affected(), 2);
    office
        .until("it is refused again", async |_| {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM publish.publication
                 WHERE clarification_id = $1 AND channel <> 'page' AND state <> 'refused'",
            )
            .bind(first)
            .fetch_one(&publish)
            .await
            .ok()?;
            (waiting == 0).then_some(())
        })
        .await;
    for (matter, (what, _)) in matters.iter().zip(COPY_ALTERATIONS) {
        let outcome = office.outcome(&title(matter.about)).await;
        assert_eq!((outcome.pushes, outcome.posts), (0, 0), "{what} was altered");
    }
    assert_nothing_unsigned(&office).await;
    assert_out_once(&office, &untouched).await;
}

const INGEST_READ: &str = "SELECT bundle FROM ingest.clarification WHERE clarification_id = $1";
const INGEST_WRITE: &str = "UPDATE ingest.clarification SET bundle = $2 WHERE clarification_id = $1";

#[tokio::test]
async fn what_was_altered_in_ingests_copy_answers_nobody() {
    let mut office = Office::open().await;
    let mut matters = matters(&mut office, COPY_ALTERATIONS.len() + 1).await;
    let untouched = matters.pop().unwrap();
    // The platform is busy: what is signed waits to be sent to those who asked.
    hold_back(&office, "custom_send", 45011).await;
    let ingest = superuser(&office, "ingest");
    let mut clarifications = Vec::new();
    for matter in matters.iter().chain([&untouched]) {
        let clarification = signed(&mut office, matter, "answer_only").await.clarification;
        office
            .until("the platform was too busy for the answer", async |_| {
                let tried: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM ingest.answer
                     WHERE clarification_id = $1 AND state = 'pending' AND attempts > 0",
                )
                .bind(clarification.parse::<Uuid>().unwrap())
                .fetch_one(&ingest)
                .await
                .ok()?;
                (tried == 1).then_some(())
            })
            .await;
        clarifications.push(clarification);
    }
    let of_untouched = clarifications.pop().unwrap();
    let other = kept(&ingest, INGEST_READ, &of_untouched).await;
    for (clarification, (_, alter)) in clarifications.iter().zip(COPY_ALTERATIONS) {
        let copy = kept(&ingest, INGEST_READ, clarification).await;
        keep(&ingest, INGEST_WRITE, clarification, &alter(&copy, &other)).await;
    }
    let_go(&office).await;

    office.answered(&untouched.case, 1).await;
    for ((matter, clarification), (what, _)) in matters.iter().zip(&clarifications).zip(COPY_ALTERATIONS) {
        office
            .until("nobody is answered with it", async |_| {
                let state: String =
                    sqlx::query_scalar("SELECT state FROM ingest.answer WHERE clarification_id = $1")
                        .bind(clarification.parse::<Uuid>().unwrap())
                        .fetch_one(&ingest)
                        .await
                        .ok()?;
                assert!(state == "pending" || state == "sending" || state == "halted", "{what}: {state}");
                (state == "halted").then_some(())
            })
            .await;
        let page = office.page("duty", &format!("/case/{}/answers", matter.case)).await.accepted().unwrap();
        assert!(page.says("签发核对不通过"), "{what} was altered, and the list of answers does not say so");
        let asked = office.outside.send(&matter.citizen, "结果").await.unwrap();
        let reply = asked.reply.unwrap_or_default();
        assert!(!reply.contains("结论"), "{what} was altered: {reply}");
        let sent = office.outside.log(0).await.unwrap();
        let answers = sent.iter().filter(|entry| {
            entry.kind == "customer_message" && entry.openid.as_ref() == Some(&matter.citizen.openid)
        });
        assert_eq!(answers.count(), 0, "{what} was altered");
    }
    assert_nothing_unsigned(&office).await;
    let outcome = office.outcome(untouched.about).await;
    assert_eq!(outcome.answers, BTreeMap::from([(untouched.citizen.openid.clone(), 1)]));
}

#[tokio::test]
async fn standing_replies_and_automatic_answers_are_given_only_as_they_were_signed() {
    let mut office = Office::open().await;
    let ingest = superuser(&office, "ingest");
    let rows: Vec<(Uuid, String)> = office
        .until("ingest holds the office's first words", async |_| {
            let rows = sqlx::query("SELECT clarification_id, kind FROM ingest.clarification")
                .fetch_all(&ingest)
                .await;
            let rows: Vec<_> = rows.ok()?.into_iter().map(|row| (row.get(0), row.get(1))).collect();
            (rows.len() == 2).then_some(rows)
        })
        .await;
    // A receipt, and a known clarification for whoever asks about it.
    let receipt = "听说城北大桥下个月要整体拆除重建，是真的吗";
    let known = words::B_MESSAGE;
    for (kind, asked, expected) in
        [("standing_replies", receipt, "收到"), ("clarification", known, words::B_TITLE)]
    {
        let (clarification, _) = rows.iter().find(|(_, of)| of == kind).unwrap();
        let clarification = clarification.to_string();
        let reply = office
            .until(&format!("“{expected}” is the answer"), async |office| {
                let reply = office.says(asked).await.1.reply?;
                reply.contains(expected).then_some(reply)
            })
            .await;
        let copy = kept(&ingest, INGEST_READ, &clarification).await;
        let other = (rows.iter().find(|(_, of)| of != kind).unwrap().0).to_string();
        let other = kept(&ingest, INGEST_READ, &other).await;
        for (what, alter) in COPY_ALTERATIONS {
            keep(&ingest, INGEST_WRITE, &clarification, &alter(&copy, &other)).await;
            let said = office.says(asked).await.1.reply.unwrap_or_default();
            assert!(!said.contains(expected) && !said.contains(UNSIGNED), "{what} was altered: {said}");
        }
        keep(&ingest, INGEST_WRITE, &clarification, &copy).await;
        let again = office.says(asked).await.1.reply.unwrap_or_default();
        assert!(again.contains(expected), "“{reply}” came back as “{again}”");
    }
    assert_nothing_unsigned(&office).await;
}
