//! The protocol's vectors, made with another implementation: signatures,
//! encrypted and plain pushes, encrypted replies, and what must be refused.

#![expect(clippy::unwrap_used, reason = "a broken vector fails the test")]

use secrecy::SecretString;
use serde::Deserialize;
use wechat::callback::{self, CallbackError, Channel, Query};
use wechat::cipher::{self, CipherError};
use wechat::key::EncodingAesKey;
use wechat::message::{Event, Incoming, MassSendStatus};
use wechat::reply::{self, TextReply};
use wechat::{signature, xml};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    token: String,
    timestamp: String,
    nonce: String,
    expect: String,
    appid: Option<String>,
    encoding_aes_key: Option<String>,
    echostr: Option<String>,
    signature: Option<String>,
    msg_signature: Option<String>,
    url_signature: Option<String>,
    random16: Option<String>,
    plaintext: Option<String>,
    encrypt: Option<String>,
    push_xml: Option<String>,
    reply_xml: Option<String>,
}

impl Case {
    fn is_good(&self) -> bool {
        self.expect.starts_with("ok")
    }

    fn key(&self) -> EncodingAesKey {
        self.encoding_aes_key.as_deref().unwrap().parse().unwrap()
    }

    fn channel(&self) -> Channel {
        Channel {
            token: SecretString::from(self.token.as_str()),
            app_id: self.appid.clone().unwrap_or_else(|| "wx1234567890abcdef".into()),
            aes_key: self.encoding_aes_key.as_deref().unwrap_or(OTHER_KEY).parse().unwrap(),
            previous_aes_key: None,
            plain_accepted: false,
        }
    }

    fn query(&self) -> Query {
        Query {
            signature: self.signature.clone().or_else(|| self.url_signature.clone()),
            timestamp: Some(self.timestamp.clone()),
            nonce: Some(self.nonce.clone()),
            echostr: self.echostr.clone(),
            encrypt_type: self.encrypt.is_some().then(|| "aes".into()),
            msg_signature: self.msg_signature.clone(),
            openid: None,
        }
    }

    fn prefix(&self) -> [u8; 16] {
        self.random16.as_deref().unwrap().as_bytes().try_into().unwrap()
    }
}

const OTHER_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopA";

fn cases() -> Vec<Case> {
    serde_json::from_str::<Vectors>(include_str!("vectors.json")).unwrap().cases
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn the_url_check_answers_what_was_signed_and_nothing_else() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.kind == "url_signature") {
        let answer = callback::verify_url(&case.query(), &case.channel());
        if case.is_good() {
            assert_eq!(answer, Ok(case.echostr.clone().unwrap()), "{}", case.name);
        } else {
            assert_eq!(answer, Err(CallbackError::Signature), "{}", case.name);
        }
        checked += 1;
    }
    assert_eq!(checked, 7);
}

#[test]
fn every_good_push_decrypts_to_its_plaintext() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.kind == "encrypted_message" && case.is_good()) {
        let name = &case.name;
        let plaintext = case.plaintext.as_deref().unwrap();
        let encrypted = case.encrypt.as_deref().unwrap();
        let app_id = case.appid.as_deref().unwrap();
        assert_eq!(
            cipher::decrypt(&case.key(), app_id, encrypted).as_deref(),
            Ok(plaintext.as_bytes()),
            "{name}"
        );
        assert_eq!(
            cipher::encrypt(&case.key(), app_id, plaintext.as_bytes(), case.prefix()),
            encrypted,
            "{name}"
        );

        let opened =
            callback::open(&case.query(), case.push_xml.as_deref().unwrap().as_bytes(), &case.channel());
        if plaintext.is_empty() {
            assert!(matches!(opened, Err(CallbackError::Xml(_))), "{name}");
        } else {
            let opened = opened.unwrap();
            assert_eq!(opened.timestamp.to_string(), case.timestamp, "{name}");
            assert_eq!(opened.message.to_user, "gh_7f083739789a", "{name}");
            if let Incoming::Text { content } = &opened.message.incoming {
                let inner = xml::parse(plaintext.as_bytes()).unwrap();
                assert_eq!(Some(content.as_str()), inner.text_of("Content"), "{name}");
                assert!(plaintext.contains(content.as_str()), "{name}");
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 14);
}

#[test]
fn every_bad_push_is_refused_for_its_own_reason() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.kind == "encrypted_message" && !case.is_good()) {
        let opened =
            callback::open(&case.query(), case.push_xml.as_deref().unwrap().as_bytes(), &case.channel());
        let error = opened.err().unwrap_or_else(|| panic!("{} was opened", case.name));
        let expected = match case.name.as_str() {
            "neg_tampered_msg_signature"
            | "neg_tampered_ciphertext"
            | "neg_wrong_nonce"
            | "neg_wrong_timestamp"
            | "neg_wrong_token"
            | "neg_url_signature_used_as_msg_signature" => matches!(error, CallbackError::Signature),
            "neg_wrong_appid" => matches!(error, CallbackError::Cipher(CipherError::AppId)),
            "neg_wrong_aes_key" => matches!(error, CallbackError::Cipher(_)),
            "neg_padding_byte_zero" | "neg_padding_byte_33" => {
                matches!(error, CallbackError::Cipher(CipherError::Padding))
            }
            "neg_length_field_overflow" | "neg_length_field_little_endian" => {
                matches!(error, CallbackError::Cipher(CipherError::MessageLength))
            }
            "neg_ciphertext_not_block_multiple" => {
                matches!(error, CallbackError::Cipher(CipherError::BlockSize(_)))
            }
            "neg_ciphertext_empty" => matches!(error, CallbackError::Cipher(CipherError::BlockSize(0))),
            other => panic!("{other} has no expectation here"),
        };
        assert!(expected, "{}: {error:?}", case.name);
        assert_eq!(error.is_authentic(), !matches!(error, CallbackError::Signature), "{}", case.name);
        checked += 1;
    }
    assert_eq!(checked, 14);
}

#[test]
fn replies_come_out_as_the_other_implementation_writes_them() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.kind == "encrypted_reply") {
        let name = &case.name;
        let plaintext = case.plaintext.as_deref().unwrap();
        let encrypted =
            cipher::encrypt(&case.key(), case.appid.as_deref().unwrap(), plaintext.as_bytes(), case.prefix());
        assert_eq!(Some(&encrypted), case.encrypt.as_ref(), "{name}");
        let signature = signature::of_message(&case.token, &case.timestamp, &case.nonce, &encrypted);
        assert_eq!(Some(&signature), case.msg_signature.as_ref(), "{name}");

        let ours = reply::envelope(&case.token, case.timestamp.parse().unwrap(), &case.nonce, &encrypted);
        let ours = xml::parse(ours.as_bytes()).unwrap();
        let theirs = xml::parse(case.reply_xml.as_deref().unwrap().as_bytes()).unwrap();
        assert_eq!(ours.children, theirs.children, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 3);
}

#[test]
fn a_plain_push_is_read_only_where_it_is_accepted() {
    let case = case("plain_mode_push");
    let body = case.push_xml.as_deref().unwrap().as_bytes();
    assert_eq!(callback::open(&case.query(), body, &case.channel()).err(), Some(CallbackError::PlainRefused));

    let channel = Channel { plain_accepted: true, ..case.channel() };
    let opened = callback::open(&case.query(), body, &channel).unwrap();
    assert_eq!(opened.message.incoming, Incoming::Text { content: "明文模式".into() });
    let reply = TextReply::new(&opened.message, 1_763_769_662, "已收到").unwrap();
    assert_eq!(opened.seal(&channel, &reply), reply.to_xml());

    let forged = Query { signature: Some("0".repeat(40)), ..case.query() };
    assert_eq!(callback::open(&forged, body, &channel).err(), Some(CallbackError::Signature));
}

#[test]
fn clear_fields_beside_a_ciphertext_do_not_count() {
    let case = case("compat_mode_plain_plus_encrypt");
    let body = case.push_xml.as_deref().unwrap().replacen("兼容模式", "forged", 1);
    let opened = callback::open(&case.query(), body.as_bytes(), &case.channel()).unwrap();
    assert_eq!(opened.message.incoming, Incoming::Text { content: "兼容模式".into() });
}

#[test]
fn the_result_of_a_mass_send_is_typed() {
    let case = case("enc_event_masssendjobfinish");
    let opened =
        callback::open(&case.query(), case.push_xml.as_deref().unwrap().as_bytes(), &case.channel()).unwrap();
    let Incoming::Event(Event::MassSendJobFinish(job)) = &opened.message.incoming else {
        panic!("{:?}", opened.message);
    };
    assert_eq!((job.msg_id, &job.status), (1_000_001_625, &MassSendStatus::Success));
    assert_eq!((job.total_count, job.filter_count), (Some(1200), Some(1180)));
    assert_eq!((job.sent_count, job.error_count), (Some(1175), Some(5)));
    assert_eq!(
        job.article_urls,
        ["http://mp.weixin.qq.com/s?__biz=TESTBIZ==&mid=2247483650&idx=1&sn=0123456789abcdef"]
    );
}

#[test]
fn while_the_key_changes_the_old_one_opens_and_seals() {
    let case = case("enc_text_chinese");
    let channel =
        Channel { aes_key: OTHER_KEY.parse().unwrap(), previous_aes_key: Some(case.key()), ..case.channel() };
    let opened =
        callback::open(&case.query(), case.push_xml.as_deref().unwrap().as_bytes(), &channel).unwrap();
    let reply = TextReply::new(&opened.message, 1_763_769_606, "已收到").unwrap();
    let envelope = xml::parse(opened.seal(&channel, &reply).as_bytes()).unwrap();
    let encrypted = envelope.text_of("Encrypt").unwrap();
    let clear = cipher::decrypt(&case.key(), &channel.app_id, encrypted).unwrap();
    assert_eq!(clear, reply.to_xml().as_bytes());
    let nonce = envelope.text_of("Nonce").unwrap();
    assert_eq!(envelope.text_of("TimeStamp"), Some("1763769606"));
    assert_eq!(
        envelope.text_of("MsgSignature"),
        Some(signature::of_message(&case.token, "1763769606", nonce, encrypted).as_str())
    );
}

#[test]
fn missing_parameters_and_huge_bodies_are_refused() {
    let case = case("enc_text_ascii");
    let body = case.push_xml.as_deref().unwrap().as_bytes();
    let without = |change: fn(&mut Query)| {
        let mut query = case.query();
        change(&mut query);
        callback::open(&query, body, &case.channel()).err()
    };
    assert_eq!(without(|query| query.timestamp = None), Some(CallbackError::Parameter("timestamp")));
    assert_eq!(without(|query| query.nonce = None), Some(CallbackError::Parameter("nonce")));
    assert_eq!(without(|query| query.msg_signature = None), Some(CallbackError::Parameter("msg_signature")));
    assert_eq!(without(|query| query.encrypt_type = Some("raw".into())), Some(CallbackError::PlainRefused));
    let huge = vec![b' '; callback::BODY_BYTES_MAX + 1];
    assert_eq!(callback::open(&case.query(), &huge, &case.channel()).err(), Some(CallbackError::TooLong));
    let envelope =
        callback::open(&case.query(), b"<xml><Encrypt>\xff</Encrypt></xml>", &case.channel()).err();
    assert!(matches!(envelope, Some(CallbackError::Envelope(_))), "{envelope:?}");
    assert_eq!(
        callback::open(&case.query(), b"<xml></xml>", &case.channel()).err(),
        Some(CallbackError::NothingEncrypted)
    );
}

#[test]
fn debug_output_holds_no_secret() {
    let case = case("enc_text_ascii");
    let text = format!("{:?}", case.channel());
    assert!(
        !text.contains(&case.token) && !text.contains(case.encoding_aes_key.as_deref().unwrap()),
        "{text}"
    );
}
