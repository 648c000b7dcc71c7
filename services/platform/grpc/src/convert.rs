//! Conversions between wire types and ours that every service needs.

use std::str::FromStr;

use prost_types::Timestamp;
use time::OffsetDateTime;
use tonic::Status;

use crate::Refusal;

/// Reads an id from a request.
///
/// # Errors
/// INVALID_ARGUMENT naming `field` when it is not a UUID.
pub fn parse_id<T: FromStr>(field: &'static str, text: &str) -> Result<T, Status> {
    text.parse().map_err(|_| {
        Refusal::invalid(field, format!("{field} 不是有效的编号。"), format!("{field} must be a UUID."))
            .into()
    })
}

/// An instant for the wire.
#[must_use]
pub fn timestamp(instant: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: instant.unix_timestamp(),
        // Below 10^9, so it fits.
        nanos: instant.nanosecond().cast_signed(),
    }
}

/// An instant from the wire; `None` when it is out of range.
#[must_use]
pub fn instant(timestamp: Timestamp) -> Option<OffsetDateTime> {
    let nanoseconds = u32::try_from(timestamp.nanos).ok()?;
    OffsetDateTime::from_unix_timestamp(timestamp.seconds).ok()?.replace_nanosecond(nanoseconds).ok()
}
