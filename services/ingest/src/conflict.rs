//! Two different things under one key: what a caller and an operator hear of it. Neither is ever taken for the other in
//! silence, because the second one's words would be lost.

use std::sync::OnceLock;

use grpc::Refusal;
use ids::ReportId;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tonic::Code;

use crate::store::report::Standing;

/// What was used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The submitter's own id of a record.
    Record,
    /// The id of a request.
    Request,
}

impl Conflict {
    /// The conflict that a standing tells of.
    pub const fn of(standing: Standing) -> Option<Self> {
        match standing {
            Standing::New | Standing::Duplicate => None,
            Standing::OtherRecord => Some(Self::Record),
            Standing::OtherRequest => Some(Self::Request),
        }
    }

    /// What is wrong and what to do, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Record => {
                "这个编号以前收到过另外的内容，这一条没有收下；请核对编号（表格软件会改动长编号），改用新编号再提交。"
            }
            Self::Request => "这个请求编号已用于另一条线索，这一条没有收下；请换一个请求编号再提交。",
        }
    }

    /// The same in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Record => {
                "external_id was used before for something else, and this report was not accepted; check the id (spreadsheets change long ones) and submit it under a new one."
            }
            Self::Request => {
                "request_id was used for another report, and this one was not accepted; submit it under a new one."
            }
        }
    }

    /// For a caller; `kept` is what the key stands for.
    pub fn refusal(self, kept: ReportId) -> Refusal {
        let reason = match self {
            Self::Record => "RECORD_CONFLICT",
            Self::Request => "REQUEST_ID_REUSED",
        };
        Refusal::new(Code::AlreadyExists, reason, self.zh(), self.en()).with("report_id", kept)
    }

    /// For operators.
    pub fn note(self, door: &'static str, kept: ReportId) {
        note(door);
        tracing::warn!(door, report = %kept, conflict = ?self, "another report came under the key of report {kept}");
    }
}

/// Counts something that came under the key of something else.
pub fn note(door: &'static str) {
    static CONFLICTS: OnceLock<Counter<u64>> = OnceLock::new();
    let conflicts = CONFLICTS.get_or_init(|| {
        let meter = opentelemetry::global::meter("ingest");
        meter.u64_counter("chengqing.ingest.key_conflicts").with_unit("{report}").build()
    });
    conflicts.add(1, &[KeyValue::new(telemetry::attribute::DOOR, door)]);
}
