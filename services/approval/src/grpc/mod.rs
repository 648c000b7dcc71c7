//! Requests to commands to responses. Everything is parsed here; past this point every field is known to be
//! valid, and who is calling comes from the verified token alone.

mod access;
mod approval;
mod convert;
mod parse;

use contracts::approval::v1::access_service_server::AccessServiceServer;
use contracts::approval::v1::approval_service_server::ApprovalServiceServer;
use tonic::service::Routes;

use crate::desk::Desk;

/// Both services over one desk.
pub fn routes(desk: &Desk) -> Routes {
    Routes::new(AccessServiceServer::new(access::Access { desk: desk.clone() }))
        .add_service(ApprovalServiceServer::new(approval::Approval { desk: desk.clone() }))
}
