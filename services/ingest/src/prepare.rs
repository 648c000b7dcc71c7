//! From checked words to a row that is ready to be written: masked, sealed, pseudonymous.
//!
//! This is the costly part of a report and it runs in each caller's own task, so that the few tasks that write
//! do nothing but write.

use ids::{AgencyId, ReportId};
use masking::mask;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::domain::report::{Channel, Checked};
use crate::store::report::{NewReport, Teller};
use crate::vault::{Key, Purpose, Vault};

/// The namespace of what reports say.
pub const CONTENT: &str = "content";

/// What a submitted report says, in one order: what tells a repetition from something else under the same id.
#[derive(Serialize)]
struct Content<'a> {
    channel: &'a str,
    external_id: Option<&'a str>,
    text: &'a str,
    reporter: Option<&'a str>,
    said_seconds: Option<i64>,
    seen_at: &'a str,
    answer_account: Option<&'a str>,
}

impl<'a> Content<'a> {
    fn of(report: &'a Checked) -> Self {
        Self {
            channel: report.channel.as_str(),
            external_id: report.external_id.as_deref(),
            text: &report.text,
            reporter: report.reporter.as_deref(),
            said_seconds: report.said_time.map(OffsetDateTime::unix_timestamp),
            seen_at: &report.seen_at,
            answer_account: report.answer_account.as_deref(),
        }
    }
}

/// What the original of a submitted report is, once unsealed.
#[derive(Serialize)]
struct Original<'a> {
    text: &'a str,
    seen_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
}

/// A report that came over gRPC; from `client`, unless an officer brings it.
#[must_use]
pub fn submitted(
    vault: &Vault,
    agency: AgencyId,
    request: Option<Uuid>,
    client: Option<&str>,
    report: &Checked,
    now: OffsetDateTime,
) -> NewReport {
    let report_id = ReportId::mint();
    let original =
        Original { text: &report.text, seen_at: &report.seen_at, external_id: report.external_id.as_deref() };
    let key = Key::random();
    let reporter = report
        .reporter
        .as_ref()
        .map(|name| teller(vault, agency, report.channel, report.answer_account.as_deref(), name))
        .map(|teller| Teller { brought_by: client.map(str::to_owned), ..teller });
    NewReport {
        report_id,
        request_id: request,
        external_key: report
            .external_id
            .as_ref()
            .map(|id| vault.lookup_key(agency, &format!("record:{}", report.channel.as_str()), id)),
        content_key: vault.lookup_key(agency, CONTENT, &json(&Content::of(report))),
        repeats_key: false,
        channel: report.channel,
        message_type: "text".to_owned(),
        reporter,
        replied_at_once: false,
        masked_text: mask(&report.text),
        seen_at: mask(&report.seen_at),
        sealed: seal_original(&key, report_id, &original),
        key,
        said_time: report.said_time.unwrap_or(now),
        received_time: now,
    }
}

/// The original of a report, sealed under the report's own key.
#[must_use]
pub fn seal_original(key: &Key, report: ReportId, original: &impl Serialize) -> Vec<u8> {
    key.seal(Purpose::Original, report.as_uuid(), json(original).as_bytes())
}

fn json(value: &impl Serialize) -> String {
    // Structs of strings and numbers always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// A reporter as this report tells.
#[must_use]
pub fn teller(
    vault: &Vault,
    agency: AgencyId,
    channel: Channel,
    account: Option<&str>,
    name: &str,
) -> Teller {
    Teller {
        lookup_key: reporter_lookup_key(vault, agency, channel, account, name),
        name: Zeroizing::new(name.to_owned()),
        account: account.map(str::to_owned),
        brought_by: None,
    }
}

/// By which a reporter is found again. Somebody whom an account can answer is one person however the report
/// came in; otherwise a name means something within its channel only.
#[must_use]
pub fn reporter_lookup_key(
    vault: &Vault,
    agency: AgencyId,
    channel: Channel,
    account: Option<&str>,
    name: &str,
) -> [u8; 32] {
    let namespace = account.map_or_else(
        || format!("reporter:channel:{}", channel.as_str()),
        |account| format!("reporter:account:{account}"),
    );
    vault.lookup_key(agency, &namespace, name)
}
