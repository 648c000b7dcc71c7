//! Every attribute name in use: upstream's first, ours under `chengqing.`.

pub use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, MESSAGING_BATCH_MESSAGE_COUNT, MESSAGING_CONSUMER_GROUP_NAME, MESSAGING_DESTINATION_NAME,
    MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME, MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};

/// The case that a span works on; every span of a case carries it.
pub const CASE_ID: &str = "chengqing.case.id";
/// The claim that a span works on.
pub const CLAIM_ID: &str = "chengqing.claim.id";
/// The agency that a span works for.
pub const AGENCY_ID: &str = "chengqing.agency.id";
/// Which way something came in.
pub const DOOR: &str = "chengqing.door";
/// The publication that a span works on.
pub const PUBLICATION_ID: &str = "chengqing.publication.id";
