//! AccessService: needs no caller token, because it is where tokens come from.

use std::net::IpAddr;

use contracts::approval::v1 as pb;
use contracts::approval::v1::access_service_server::AccessService;
use tonic::{Request, Response, Status};

use super::convert::person;
use super::parse;
use crate::desk::Desk;
use crate::domain::attempts::network;
use crate::sign_in::{Origin, SignIn};

/// Characters of a browser's description that are kept.
const BROWSER_CHARACTERS_MAX: usize = 100;

/// Where a sign-in comes from. What is no address is nobody's in particular, and all such are counted together.
fn origin(request: &pb::SignInRequest, peer: Option<IpAddr>) -> Origin {
    let address: Option<IpAddr> = request.client_address.parse().ok().or(peer);
    Origin {
        network: address.map_or_else(|| "unknown".to_owned(), network),
        client_address: request
            .client_address
            .parse::<IpAddr>()
            .map_or_else(|_| String::new(), |it| it.to_string()),
        device_token: request.device_token.clone(),
        attempt: request.attempt.clone(),
        browser: request
            .browser
            .chars()
            .filter(|character| !character.is_control())
            .take(BROWSER_CHARACTERS_MAX)
            .collect(),
    }
}

pub struct Access {
    pub desk: Desk,
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let peer = request.remote_addr().map(|peer| peer.ip());
        let request = request.into_inner();
        let command = SignIn {
            from: origin(&request, peer),
            login: request.login,
            password: request.password.into(),
            code: request.totp_code,
        };
        let signed_in = self.desk.sign_in(command).await?;
        Ok(Response::new(pb::SignInResponse {
            session_secret: signed_in.session_secret,
            person: Some(person(&signed_in.officer)),
            expire_time: Some(grpc::timestamp(signed_in.expire_time)),
            device_token: signed_in.device_token,
        }))
    }

    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let request = request.into_inner();
        let audiences = parse::audiences(&request.audiences)?;
        let issued = self.desk.issue_token(&request.session_secret, &audiences, request.unattended).await?;
        Ok(Response::new(pb::IssueTokenResponse {
            token: issued.tokens.first().cloned().unwrap_or_default(),
            tokens: issued.tokens,
            expire_time: Some(grpc::timestamp(issued.expire_time)),
            person: Some(person(&issued.officer)),
            agency_name: issued.agency_name,
            other_sessions: u32::try_from(issued.other_sessions).unwrap_or(u32::MAX),
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
