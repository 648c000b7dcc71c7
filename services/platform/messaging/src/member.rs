//! What a service is on the bus: the stream that it fills, and what it receives.
//!
//! One constant per service says it, and everything else follows from it: which streams and consumers the
//! administrator makes (`administrator`), and what the service's user may do (`rights`).

use crate::subscriber::Subscription;

/// A service on the bus. Its user there has its name.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The service: `ingest`.
    pub service: &'static str,
    /// The stream that it fills, and nobody else: `INGEST`.
    pub stream: &'static str,
    /// The subjects that it publishes, and nobody else: `ingest.>`.
    pub subjects: &'static str,
    /// What it receives, each as a durable consumer of its own.
    pub receives: &'static [Subscription],
}
