//! The gRPC clients of the four services. Deadlines and connections are the grpc crate's.

use anyhow::Context;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::approval::v1::approval_service_client::ApprovalServiceClient;
use contracts::classification::v1::classification_service_client::ClassificationServiceClient;
use contracts::classification::v1::rules_service_client::RulesServiceClient;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::publish::v1::publish_service_client::PublishServiceClient;
use tonic::transport::Channel;

use crate::Config;

/// A citizen's picture has ten megabytes at most.
const FILE_BYTES_MAX: usize = 11 * 1024 * 1024;

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

    pub(crate) fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.approval.clone())
    }

    pub(crate) fn approval(&self) -> ApprovalServiceClient<Channel> {
        ApprovalServiceClient::new(self.approval.clone())
    }

    pub(crate) fn ingest(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.ingest.clone()).max_decoding_message_size(FILE_BYTES_MAX)
    }

    pub(crate) fn classification(&self) -> ClassificationServiceClient<Channel> {
        ClassificationServiceClient::new(self.classification.clone())
    }

    pub(crate) fn rules(&self) -> RulesServiceClient<Channel> {
        RulesServiceClient::new(self.classification.clone())
    }

    pub(crate) fn publish(&self) -> PublishServiceClient<Channel> {
        PublishServiceClient::new(self.publish.clone())
    }
}
