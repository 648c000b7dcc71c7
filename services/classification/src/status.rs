//! What a caller hears when a question cannot be answered.

use grpc::Refusal;
use tonic::Status;

/// A database's failure: away for the moment, or our fault.
pub fn failed(error: &sqlx::Error) -> Status {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Refusal::unavailable(error).into()
        }
        _ => Refusal::internal(error).into(),
    }
}
