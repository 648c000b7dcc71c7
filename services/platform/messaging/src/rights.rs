//! Who may do what on the bus.
//!
//! A service publishes its own subjects, looks at its own stream, and pulls from and acknowledges to its own
//! consumers, each named in full: a stream's other consumers belong to others, and whoever can pull from them can
//! swallow what they were sent. It administers nothing. A stream's settings can copy one subject to another, and a
//! consumer's can deliver to any subject or leave some out, so that whoever can change either speaks for everybody
//! or silences everybody: that is the administrator's alone, and no process that meets the outside is him.

use crate::member::Member;

/// The name of the administrator's user.
pub const ADMINISTRATOR: &str = "administrator";

/// What one user of the bus may do, besides hearing the answers to its own requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The user's name; answers reach it under `_INBOX_<name>`, where nobody else listens.
    pub user: &'static str,
    /// Subjects that it may publish.
    pub publish: Vec<String>,
}

impl Member {
    /// What the service's user may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let own = self.stream;
        let mut publish = vec![
            self.subjects.to_owned(),
            // Finding what the stream lost of its own events.
            format!("$JS.API.STREAM.INFO.{own}"),
            format!("$JS.API.STREAM.MSG.GET.{own}"),
        ];
        for subscription in self.receives {
            let (stream, durable) = (subscription.stream, subscription.durable);
            publish.extend([
                format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"),
                format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"),
                format!("$JS.ACK.{stream}.{durable}.>"),
            ]);
        }
        Rights { user: self.service, publish }
    }
}

/// What the administrator may do: make streams and consumers and set them right. He publishes no event, reads none
/// and deletes nothing.
#[must_use]
pub fn administrator(members: &[Member]) -> Rights {
    let publish = members.iter().flat_map(|member| {
        let stream = member.stream;
        [
            format!("$JS.API.STREAM.INFO.{stream}"),
            format!("$JS.API.STREAM.CREATE.{stream}"),
            format!("$JS.API.STREAM.UPDATE.{stream}"),
            format!("$JS.API.CONSUMER.INFO.{stream}.>"),
            format!("$JS.API.CONSUMER.CREATE.{stream}.>"),
        ]
    });
    Rights { user: ADMINISTRATOR, publish: publish.collect() }
}
