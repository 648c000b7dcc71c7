//! What the services say to each other: gRPC requests and events, generated from `chengqing/**/*.proto`.
//!
//! Nothing else lives here. Services turn these types into their own at the edge (`grpc.rs`, `events.rs`,
//! `consumer.rs`) and never pass them inward.

mod events;

pub use events::{Event, NotRead, SUBJECTS, read};

/// Messages and reports come in here.
pub mod ingest {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengqing.ingest.v1");
    }
}

/// What is being said, gathered.
pub mod classification {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengqing.classification.v1");
    }
}

/// The office's work, people and sign-off.
pub mod approval {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengqing.approval.v1");
    }
}

/// What went out.
pub mod publish {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengqing.publish.v1");
    }
}
