//! AccessService: needs no caller token, because it is where tokens come from.

use contracts::approval::v1 as pb;
use contracts::approval::v1::access_service_server::AccessService;
use tonic::{Request, Response, Status};

use super::convert::person;
use crate::desk::Desk;
use crate::sign_in::SignIn;

pub struct Access {
    pub desk: Desk,
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let request = request.into_inner();
        let command =
            SignIn { login: request.login, password: request.password.into(), code: request.totp_code };
        let signed_in = self.desk.sign_in(command).await?;
        Ok(Response::new(pb::SignInResponse {
            session_secret: signed_in.session_secret,
            person: Some(person(&signed_in.officer)),
            expire_time: Some(grpc::timestamp(signed_in.expire_time)),
        }))
    }

    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let issued = self.desk.issue_token(&request.into_inner().session_secret).await?;
        Ok(Response::new(pb::IssueTokenResponse {
            token: issued.token,
            expire_time: Some(grpc::timestamp(issued.expire_time)),
            person: Some(person(&issued.officer)),
            agency_name: issued.agency_name,
        }))
    }

    async fn issue_client_token(
        &self,
        request: Request<pb::IssueClientTokenRequest>,
    ) -> Result<Response<pb::IssueClientTokenResponse>, Status> {
        let request = request.into_inner();
        let secret = request.client_secret.into();
        let (token, expire_time) = self.desk.issue_client_token(&request.client_id, &secret).await?;
        Ok(Response::new(pb::IssueClientTokenResponse {
            token,
            expire_time: Some(grpc::timestamp(expire_time)),
        }))
    }

    async fn sign_out(
        &self,
        request: Request<pb::SignOutRequest>,
    ) -> Result<Response<pb::SignOutResponse>, Status> {
        self.desk.sign_out(&request.into_inner().session_secret).await?;
        Ok(Response::new(pb::SignOutResponse {}))
    }
}
