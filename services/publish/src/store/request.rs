//! Commands of people, each carried out once: one request id never means two things.

use ids::AgencyId;
use sqlx::PgConnection;
use uuid::Uuid;

/// A command, as its request id stands for it.
pub struct Request {
    /// The caller's own id of it.
    pub id: Uuid,
    /// Which command.
    pub operation: &'static str,
    /// Everything that was asked, in one order. Without what may be worded anew when it is tried again.
    pub asked: String,
}

/// Whether a command is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is: carry it out.
    New,
    /// It was carried out before.
    Before,
    /// The same id was used for something else: carry out nothing.
    Mismatch,
}

/// Takes a command's id. The same id in another transaction waits here until this one ends.
pub async fn claim(tx: &mut PgConnection, agency: AgencyId, request: &Request) -> sqlx::Result<Claimed> {
    let whole = format!("{} {}", request.operation, request.asked);
    let inserted = sqlx::query!(
        "INSERT INTO publish.request (agency_id, request_id, operation) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        request.id,
        whole,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if inserted == 1 {
        return Ok(Claimed::New);
    }
    let before = sqlx::query_scalar!(
        "SELECT operation FROM publish.request WHERE agency_id = $1 AND request_id = $2",
        agency.as_uuid(),
        request.id,
    )
    .fetch_one(tx)
    .await?;
    // Earlier versions kept which command it was, and not what it asked for.
    let same = before == whole || before == request.operation;
    Ok(if same { Claimed::Before } else { Claimed::Mismatch })
}
