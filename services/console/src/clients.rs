//! The gRPC clients of the four services. Deadlines and connections are the grpc crate's. Each service is shown the
//! token for it and for no other.

use anyhow::Context;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::approval::v1::approval_service_client::ApprovalServiceClient;
use contracts::classification::v1::classification_service_client::ClassificationServiceClient;
use contracts::classification::v1::rules_service_client::RulesServiceClient;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::publish::v1::publish_service_client::PublishServiceClient;
use grpc::{Audience, Shows};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::Config;

/// A citizen's picture has ten megabytes at most.
const FILE_BYTES_MAX: usize = 11 * 1024 * 1024;

/// A service and the caller's token for it.
type Shown = InterceptedService<Channel, Shows>;

/// One channel per service; every call takes a client of its own, which is cheap.
pub(crate) struct Clients {
    approval: Channel,
    ingest: Channel,
    classification: Channel,
    publish: Channel,
}

impl Clients {
    pub(crate) fn connect(config: &Config) -> anyhow::Result<Self> {
        let channel =
            |service: &str, url: &str| grpc::channel(url).with_context(|| format!("the URL of {service}"));
        Ok(Self {
            approval: channel("approval", &config.approval_url)?,
            ingest: channel("ingest", &config.ingest_url)?,
            classification: channel("classification", &config.classification_url)?,
            publish: channel("publish", &config.publish_url)?,
        })
    }

    pub(crate) fn access(&self) -> AccessServiceClient<Shown> {
        AccessServiceClient::with_interceptor(self.approval.clone(), Shows(Audience::Approval))
    }

    pub(crate) fn approval(&self) -> ApprovalServiceClient<Shown> {
        ApprovalServiceClient::with_interceptor(self.approval.clone(), Shows(Audience::Approval))
    }

    pub(crate) fn ingest(&self) -> IngestServiceClient<Shown> {
        IngestServiceClient::with_interceptor(self.ingest.clone(), Shows(Audience::Ingest))
            .max_decoding_message_size(FILE_BYTES_MAX)
    }

    pub(crate) fn classification(&self) -> ClassificationServiceClient<Shown> {
        ClassificationServiceClient::with_interceptor(
            self.classification.clone(),
            Shows(Audience::Classification),
        )
    }

    pub(crate) fn rules(&self) -> RulesServiceClient<Shown> {
        RulesServiceClient::with_interceptor(self.classification.clone(), Shows(Audience::Classification))
    }

    pub(crate) fn publish(&self) -> PublishServiceClient<Shown> {
        PublishServiceClient::with_interceptor(self.publish.clone(), Shows(Audience::Publish))
    }
}
